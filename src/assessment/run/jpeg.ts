/**
 * One canvas for all thumbnails, in the processor's memory. A canvas per thumbnail would wait for the garbage collector,
 * which seldom runs on a page that allocates little: after some 600 videos of a queue, each further one waited a second
 * and more for the graphics process.
 */
let canvas: OffscreenCanvas | undefined;

export interface JpegOptions {
  readonly quality: number;
  /** Greatest width in pixels. */
  readonly width?: number;
}

/** Small enough to store one for each of thousands of rows. */
export const ROW_THUMBNAIL: JpegOptions = { quality: 0.8, width: 104 };

/**
 * JPEG of a bitmap; null without one, or where the browser makes none. It is drawn before the first wait: the bitmap may
 * be closed right after the call, and several calls may overlap.
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
