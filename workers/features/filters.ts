/** Windowed means and deviations, MSCN maps and gradients. Outside a plane all samples are 0 unless stated otherwise. */
import { emptyPlane, type Plane } from './plane.ts';

/** Weights of a symmetric window of 7, from the centre outwards. */
export type Window = readonly [number, number, number, number];

/** Sampled Gaussian of sum 1. */
export function gaussian(sigma: number): Window {
  const side = [0, 1, 2, 3].map((x) => Math.exp(-(x * x) / (2 * sigma * sigma)));
  const sum = side[0]! + 2 * (side[1]! + side[2]! + side[3]!);
  return side.map((value) => value / sum) as unknown as Window;
}

export const NARROW = gaussian(7 / 6);
const WIDE = gaussian((7 * 1.5) / 6);
const REACH = 3;

/** Row y of the plane's vertical correlation, written from `out[3]` on. */
function downRow({ width, height, data }: Plane, y: number, [a, b, c, d]: Window, out: Float64Array): void {
  const from = y * width;
  if (y >= REACH && y < height - REACH) {
    const [one, two, three] = [width, 2 * width, 3 * width];
    for (let x = 0, i = from; x < width; x++, i++)
      out[x + REACH] =
        a * data[i]! +
        b * (data[i - one]! + data[i + one]!) +
        c * (data[i - two]! + data[i + two]!) +
        d * (data[i - three]! + data[i + three]!);
    return;
  }
  const weights = [d, c, b, a, b, c, d];
  out.fill(0, REACH, REACH + width);
  for (let k = 0; k < 7; k++) {
    const row = y + k - REACH;
    if (row < 0 || row >= height) continue;
    for (let x = 0; x < width; x++) out[x + REACH]! += weights[k]! * data[row * width + x]!;
  }
}

/** As `downRow`, of the squares of the samples. */
function downSquares({ width, height, data }: Plane, y: number, weights: Window, out: Float64Array): void {
  const [a, b, c, d] = weights;
  const from = y * width;
  if (y >= REACH && y < height - REACH) {
    const [one, two, three] = [width, 2 * width, 3 * width];
    for (let x = 0, i = from; x < width; x++, i++) {
      const centre = data[i]!;
      const above = data[i - one]!;
      const below = data[i + one]!;
      let sum = a * centre * centre + b * (above * above + below * below);
      const outer = data[i - two]!;
      const lower = data[i + two]!;
      sum += c * (outer * outer + lower * lower);
      const first = data[i - three]!;
      const last = data[i + three]!;
      out[x + REACH] = sum + d * (first * first + last * last);
    }
    return;
  }
  const all = [d, c, b, a, b, c, d];
  out.fill(0, REACH, REACH + width);
  for (let k = 0; k < 7; k++) {
    const row = y + k - REACH;
    if (row < 0 || row >= height) continue;
    for (let x = 0; x < width; x++) out[x + REACH]! += all[k]! * data[row * width + x]! ** 2;
  }
}

const paddedRow = (width: number) => new Float64Array(width + 2 * REACH);

/** Correlation with a symmetric window in both axes. */
export function smoothed(plane: Plane, window: Window): Plane {
  const { width, height } = plane;
  const out = emptyPlane(width, height);
  const row = paddedRow(width);
  const [a, b, c, d] = window;
  for (let y = 0; y < height; y++) {
    downRow(plane, y, window, row);
    for (let x = 0, i = y * width; x < width; x++, i++)
      out.data[i] =
        a * row[x + 3]! +
        b * (row[x + 2]! + row[x + 4]!) +
        c * (row[x + 1]! + row[x + 5]!) +
        d * (row[x]! + row[x + 6]!);
  }
  return out;
}

/** A map's mean-subtracted, contrast-normalised coefficients (MSCN), and its windowed deviation. */
export interface Normalised {
  readonly mscn: Plane;
  readonly sigma: Plane;
}

export function normalised(plane: Plane): Normalised {
  const { width, height, data } = plane;
  const [mscn, sigma] = [emptyPlane(width, height), emptyPlane(width, height)];
  const [sums, squares] = [paddedRow(width), paddedRow(width)];
  const [a, b, c, d] = NARROW;
  for (let y = 0; y < height; y++) {
    downRow(plane, y, NARROW, sums);
    downSquares(plane, y, NARROW, squares);
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const mean =
        a * sums[x + 3]! +
        b * (sums[x + 2]! + sums[x + 4]!) +
        c * (sums[x + 1]! + sums[x + 5]!) +
        d * (sums[x]! + sums[x + 6]!);
      const square =
        a * squares[x + 3]! +
        b * (squares[x + 2]! + squares[x + 4]!) +
        c * (squares[x + 1]! + squares[x + 5]!) +
        d * (squares[x]! + squares[x + 6]!);
      const deviation = Math.sqrt(Math.abs(square - mean * mean));
      sigma.data[i] = deviation;
      mscn.data[i] = (data[i]! - mean) / (deviation + 1);
    }
  }
  return { mscn, sigma };
}

/** Difference of two Gaussians: the narrow window's correlation less the wide one's. */
export function bandOf(plane: Plane): Plane {
  const narrow = smoothed(plane, NARROW);
  const wide = smoothed(plane, WIDE);
  for (let i = 0; i < narrow.data.length; i++) narrow.data[i]! -= wide.data[i]!;
  return narrow;
}

/** Unscaled Sobel derivatives (sum of absolute weights 8) along rows and down columns. */
export function sobel(plane: Plane, border: 'zero' | 'nearest' = 'zero'): readonly [Plane, Plane] {
  const { width, height } = plane;
  const [across, down] = [emptyPlane(width, height), emptyPlane(width, height)];
  let above = borderedRow(plane, -1, border, new Float64Array(width + 2));
  let row = borderedRow(plane, 0, border, new Float64Array(width + 2));
  let below = new Float64Array(width + 2);
  for (let y = 0; y < height; y++) {
    borderedRow(plane, y + 1, border, below);
    const to = y * width;
    for (let x = 0; x < width; x++) {
      const [a, b] = [above[x + 2]! - above[x]!, below[x + 2]! - below[x]!];
      across.data[to + x] = a + b + 2 * (row[x + 2]! - row[x]!);
      down.data[to + x] =
        below[x]! - above[x]! + below[x + 2]! - above[x + 2]! + 2 * (below[x + 1]! - above[x + 1]!);
    }
    const next = above;
    above = row;
    row = below;
    below = next;
  }
  return [across, down];
}

/** Row y with one sample more on either side. */
function borderedRow(
  { width, height, data }: Plane,
  y: number,
  border: 'zero' | 'nearest',
  out: Float64Array<ArrayBuffer>,
): Float64Array<ArrayBuffer> {
  if (border === 'zero' && (y < 0 || y >= height)) return out.fill(0);
  const from = Math.min(Math.max(y, 0), height - 1) * width;
  for (let x = 0; x < width; x++) out[x + 1] = data[from + x]!;
  out[0] = border === 'zero' ? 0 : out[1]!;
  out[width + 1] = border === 'zero' ? 0 : out[width]!;
  return out;
}

/** Vertical less horizontal neighbours. */
export function cross({ width, height, data }: Plane): Plane {
  const out = emptyPlane(width, height);
  for (let y = 0; y < height; y++)
    for (let x = 0, i = y * width; x < width; x++, i++)
      out.data[i] =
        (y > 0 ? data[i - width]! : 0) +
        (y < height - 1 ? data[i + width]! : 0) -
        (x > 0 ? data[i - 1]! : 0) -
        (x < width - 1 ? data[i + 1]! : 0);
  return out;
}

/** Rows down and columns to the right. */
export type Offset = readonly [number, number];

/** `combine(sample, sample of the plane moved by the offset)`, cyclic. */
export function withShifted(
  { width, height, data }: Plane,
  [down, right]: Offset,
  combine: (sample: number, shifted: number) => number,
): Plane {
  const out = emptyPlane(width, height);
  for (let y = 0; y < height; y++) {
    const from = ((y - down + height) % height) * width;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const column = x - right;
      const wrapped = column < 0 ? column + width : column >= width ? column - width : column;
      out.data[i] = combine(data[i]!, data[from + wrapped]!);
    }
  }
  return out;
}
