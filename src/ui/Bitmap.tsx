/** Canvas of one bitmap, drawn once. */
import { useEffect, useRef } from 'react';

export function Bitmap(props: { readonly bitmap: ImageBitmap | null; readonly className: string }) {
  const { bitmap, className } = props;
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    // A closed bitmap has no width.
    if (!canvas || !bitmap || bitmap.width === 0) return;
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  }, [bitmap]);
  return bitmap ? <canvas ref={ref} className={className} /> : null;
}
