/**
 * Fragments: blocks of native resolution cut from a frame and laid side by side, so that noise and compression stay
 * visible (a resize averages them away). All frames of a video are cut at the same positions. Ours.
 */

interface FragmentPlan {
  /** Grid cells a side, G = size / cell. */
  readonly grid: number;
  /** Side of a block in pixels. */
  readonly cell: number;
  /** Frame size before cutting, in pixels; differs from the shown frame only when that is too small for the grid. */
  readonly width: number;
  readonly height: number;
  /** True when the frame must first be scaled to width × height (Pillow's bicubic). */
  readonly scaled: boolean;
  /** Left edges [G] and top edges [G] of the blocks in the (scaled) frame, even. Block (i, j) goes to (i·cell, j·cell). */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Even offset of block i: its centre is the centre of grid cell i, rounded down to even so that 4:2:0 chroma is not cut. */
function offset(i: number, length: number, grid: number, cell: number): number {
  const at = 2 * Math.floor((((2 * i + 1) * length) / (2 * grid) - cell / 2) / 2);
  return Math.max(0, Math.min(at, 2 * Math.floor((length - cell) / 2)));
}

/**
 * Positions of the blocks of a frame. A frame that is narrower or lower than `size` is scaled up by the larger of the two
 * ratios: its tighter side becomes exactly `size`, the other is rounded up.
 *
 * @param width shown width in pixels, rotation applied; `height` likewise
 * @param size S, side of the model input; a multiple of `cell`
 * @param cell side of a block, even
 */
export function fragmentPlan(width: number, height: number, size: number, cell: number): FragmentPlan {
  if (cell % 2 !== 0 || size % cell !== 0)
    throw new RangeError(`cell ${cell} must be even and divide ${size}`);
  const grid = size / cell;
  const scaled = width < size || height < size;
  let [w, h] = [width, height];
  if (scaled) {
    // Products of integers before the one division: size/width first could come out a hair above an integer.
    if (width <= height) [w, h] = [size, Math.ceil((height * size) / width)];
    else [w, h] = [Math.ceil((width * size) / height), size];
  }
  const edges = (length: number) => Array.from({ length: grid }, (_, i) => offset(i, length, grid, cell));
  return { grid, cell, width: w, height: h, scaled, x: edges(w), y: edges(h) };
}
