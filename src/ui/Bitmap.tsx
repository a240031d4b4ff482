/** A picture that the page holds as a bitmap; drawn once for each. */
import { useEffect, useRef } from 'react';

export function Bitmap(props: { readonly bitmap: ImageBitmap | null; readonly className: string }) {
  const { bitmap, className } = props;
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    // A bitmap that was let go of has no width.
    if (!canvas || !bitmap || bitmap.width === 0) return;
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  }, [bitmap]);
  return bitmap ? <canvas ref={ref} className={className} /> : null;
}
