/**
 * Pixels of VQA²: bytes to [−1, 1], and an image as tiles of a canvas. Held to the official code by golden-vqa2/tiny:
 * change only with it.
 */

/** Value of each byte: float32(byte · (1/255)), less a half, over a half, each in float32 as the official processor. */
export const pixelTable: Float32Array = Float32Array.from({ length: 256 }, (_, byte) =>
  Math.fround(Math.fround(Math.fround(byte * (1 / 255)) - 0.5) / 0.5),
);

/** RGB [side, side, 3] → planes [3, side, side], written at `offset` of `out`. */
export function writePlanes(rgb: Uint8Array, side: number, out: Float32Array, offset = 0): void {
  const plane = side * side;
  for (let c = 0; c < 3; c++)
    for (let p = 0; p < plane; p++) out[offset + c * plane + p] = pixelTable[rgb[3 * p + c]!]!;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The canvas that retains most pixels of an image, with equal ones the smallest waste; the first of equals. */
export function bestCanvas({ width, height }: Size, canvases: readonly Size[]): Size {
  let best = { canvas: canvases[0]!, retained: 0, waste: Number.POSITIVE_INFINITY };
  for (const canvas of canvases) {
    const scale = Math.min(canvas.width / width, canvas.height / height);
    const scaled = Math.trunc(width * scale) * Math.trunc(height * scale);
    const retained = Math.min(scaled, width * height);
    const waste = canvas.width * canvas.height - retained;
    if (retained > best.retained || (retained === best.retained && waste < best.waste))
      best = { canvas, retained, waste };
  }
  return best.canvas;
}

/** Size of an image on its canvas, aspect ratio preserved, and its corner; the margins are black. */
export function fittedSize(
  { width, height }: Size,
  canvas: Size,
): Size & { readonly left: number; readonly top: number } {
  const [across, down] = [canvas.width / width, canvas.height / height];
  const size =
    across < down
      ? { width: canvas.width, height: Math.min(Math.ceil(height * across), canvas.height) }
      : { width: Math.min(Math.ceil(width * down), canvas.width), height: canvas.height };
  return {
    ...size,
    left: Math.floor((canvas.width - size.width) / 2),
    top: Math.floor((canvas.height - size.height) / 2),
  };
}

/** Rows and columns of a canvas's grid of features that are not margin; `size` is the image's. */
export function featureArea(
  { width, height }: Size,
  rows: number,
  columns: number,
): { readonly top: number; readonly left: number; readonly rows: number; readonly columns: number } {
  if (width / height > columns / rows) {
    const top = Math.floor((rows - Math.trunc(height * (columns / width))) / 2);
    return { top, left: 0, rows: rows - 2 * top, columns };
  }
  const left = Math.floor((columns - Math.trunc(width * (rows / height))) / 2);
  return { top: 0, left, rows, columns: columns - 2 * left };
}
