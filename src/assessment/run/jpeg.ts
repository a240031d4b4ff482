/**
 * One canvas for all small pictures, in the processor's memory. A canvas a picture waits for the garbage collector, which
 * a page that keeps nothing seldom calls: after some 600 videos of a queue the graphics process made every further one
 * wait a second and more.
 */
let canvas: OffscreenCanvas | undefined;

export interface JpegOptions {
  readonly quality: number;
  /** Width in pixels that it is reduced to. */
  readonly width?: number;
}

/** Small enough to keep one for each of thousands of rows. */
export const ROW_THUMBNAIL: JpegOptions = { quality: 0.8, width: 104 };

/**
 * JPEG of a picture, null where there is none or the browser makes none. It is drawn and copied before the first wait:
 * the bitmap may be closed right after the call, and several may be asked for at once.
 */
export async function jpegOf(
  bitmap: ImageBitmap | null,
  { quality, width: most = Number.POSITIVE_INFINITY }: JpegOptions,
): Promise<Blob | null> {
  if (!bitmap || bitmap.width === 0) return null;
  const width = Math.min(most, bitmap.width);
  const height = Math.max(1, Math.round((bitmap.height / bitmap.width) * width));
  canvas ??= new OffscreenCanvas(width, height);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.drawImage(bitmap, 0, 0, width, height);
  return canvas.convertToBlob({ type: 'image/jpeg', quality }).catch(() => null);
}
