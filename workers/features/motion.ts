/**
 * Low-complexity features of TLVQM (Korhonen, TIP 2019): motion of corners, spatial and temporal information.
 *
 * Planes are half-size luma, 0 to 1, of a sampled frame and of one frame before and one after it. A motion is determined
 * by block matching of Sobel maps within ±R, R = width / 40 of the frame.
 */
import { sobel } from './filters.ts';
import { deviationOf, emptyPlane, type Plane } from './plane.ts';

const CORNER_THRESHOLD = 0.01;
/** Strengths are multiples of this, so that equal corners do not depend on rounding errors. */
const TIE = 1e-6;
/** Outer rows and columns without derivatives. */
const EDGE = 4;
/** Block difference up to which a corner does not move. */
const STILL = 0.005;

type Derivatives = readonly [Plane, Plane];

function derivatives(plane: Plane, edge: number): Derivatives {
  const maps = sobel(plane);
  for (const { width, height, data } of maps)
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const inside = x >= edge && y >= edge && x < width - edge && y < height - edge;
        data[i] = inside ? data[i]! / 8 : 0;
      }
  return maps;
}

/** One of the four corner kernels; the others are its mirror images. */
const CORNER = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1],
  [-2, -2, 0, 1, 1],
  [-2, -2, -2, 1, 1],
  [-2, -2, -2, 1, 1],
];

/** Offset and weight of each tap of the four kernels. */
function cornerTaps(width: number): readonly (readonly [Int32Array, Float64Array])[] {
  return [
    [false, false],
    [true, false],
    [true, true],
    [false, true],
  ].map(([down, right]) => {
    const taps = CORNER.flatMap((row, j) =>
      row.map((weight, i) => {
        const [y, x] = [down ? 4 - j : j, right ? 4 - i : i];
        return [(y - 2) * width + x - 2, weight / 32] as const;
      }),
    ).filter(([, weight]) => weight !== 0);
    return [Int32Array.from(taps, ([at]) => at), Float64Array.from(taps, ([, weight]) => weight)] as const;
  });
}

function response(data: Float64Array, i: number, [offsets, weights]: readonly [Int32Array, Float64Array]) {
  let sum = 0;
  for (let k = 0; k < offsets.length; k++) sum += weights[k]! * data[i + offsets[k]!]!;
  return Math.abs(sum);
}

interface Corner {
  readonly x: number;
  readonly y: number;
}

/** Corners, strongest first, none within `reach` of a stronger one in both axes. */
export function keyPoints({ width, height, data }: Plane, reach: number): Corner[] {
  const border = reach + 3;
  const kernels = cornerTaps(width);
  const candidates: { x: number; y: number; strength: number }[] = [];
  for (let x = border; x < width - border; x++)
    for (let y = border; y < height - border; y++) {
      const i = y * width + x;
      const a = response(data, i, kernels[0]!);
      const b = response(data, i, kernels[1]!);
      const c = response(data, i, kernels[2]!);
      const d = response(data, i, kernels[3]!);
      const strength = Math.round((Math.max(a, b, c, d) - Math.min(a, b, c, d)) / TIE) * TIE;
      if (strength > CORNER_THRESHOLD) candidates.push({ x, y, strength });
    }
  // Stable: equal ones stay by x, then by y.
  candidates.sort((a, b) => b.strength - a.strength);
  const taken = new Uint8Array(width * height);
  const points: Corner[] = [];
  for (const { x, y } of candidates) {
    if (taken[y * width + x]) continue;
    points.push({ x, y });
    for (let row = Math.max(y - reach, 0); row <= Math.min(y + reach, height - 1); row++)
      taken.fill(1, row * width + Math.max(x - reach, 0), row * width + Math.min(x + reach + 1, width));
  }
  return points;
}

/** Sums of squared differences of the 3 × 3 block at a corner and those around it, [2R + 1]² by columns. */
function blockDifferences(
  now: Derivatives,
  other: Derivatives,
  { x, y }: Corner,
  reach: number,
): Float64Array {
  const side = 2 * reach + 1;
  const width = now[0].width;
  const out = new Float64Array(side * side);
  for (let map = 0; map < 2; map++) {
    const [a, b] = [now[map]!.data, other[map]!.data];
    for (let j = -1; j <= 1; j++)
      for (let i = -1; i <= 1; i++) {
        const value = a[(y + j) * width + x + i]!;
        const from = (y - reach + j) * width + x - reach + i;
        for (let v = 0; v < side; v++)
          for (let u = 0, k = v, m = from + v * width; u < side; u++, k += side, m++) {
            const difference = b[m]! - value;
            out[k]! += difference * difference;
          }
      }
  }
  return out;
}

/** Length of each offset, 1 at the corners of the search area, by columns. */
function distances(reach: number): Float64Array {
  const side = 2 * reach + 1;
  return Float64Array.from({ length: side * side }, (_, k) => {
    const [x, y] = [Math.floor(k / side) - reach, (k % side) - reach];
    return Math.sqrt(x * x + y * y) / (Math.SQRT2 * reach);
  });
}

/** Offset of the block that matches a corner; 0 where none matches clearly better than the corner's position. */
interface Match {
  readonly x: number;
  readonly y: number;
}

const NO_MATCH: Match = { x: 0, y: 0 };

/** Indices of the smallest two, the first of equal ones. */
function smallestTwo(values: Float64Array): [number, number] {
  let [first, second] = values[1]! < values[0]! ? [1, 0] : [0, 1];
  for (let k = 2; k < values.length; k++) {
    if (values[k]! < values[first]!) [first, second] = [k, first];
    else if (values[k]! < values[second]!) second = k;
  }
  return [first, second];
}

/** Difference of the chosen block, or NaN where none is. `following` are the differences to the frame after. */
function candidate(
  differences: Float64Array,
  following: Float64Array,
  strict: boolean,
  length: Float64Array,
): number {
  const still = differences[differences.length >> 1]!;
  const [first, second] = smallestTwo(differences);
  const best = differences[first]!;
  const limit = 0.8 * differences[second]!;
  if ((strict ? best < limit : best <= limit) || length[first]! < length[second]!) return best;
  let nearest = first;
  for (let k = 0; k < differences.length; k++)
    if (
      0.8 * differences[k]! <= best &&
      (length[k]! < length[nearest]! || (k < nearest && length[k] === length[nearest]))
    )
      nearest = k;
  if (following[nearest]! < 1.1 * best) return differences[nearest]!;
  return best < 0.9 * still ? best : Number.NaN;
}

function match(
  differences: Float64Array,
  following: Float64Array,
  strict: boolean,
  length: Float64Array,
  reach: number,
): Match {
  const still = differences[differences.length >> 1]!;
  if (still <= STILL) return NO_MATCH;
  const chosen = candidate(differences, following, strict, length);
  if (!(1.01 * chosen < still)) return NO_MATCH;
  const index = differences.indexOf(chosen);
  const side = 2 * reach + 1;
  return { x: Math.floor(index / side) - reach, y: (index % side) - reach };
}

/** A corner and its motion in pixels, from the frame before and to the frame after. */
export interface MovingCorner extends Corner {
  readonly before: Match;
  readonly after: Match;
}

export function cornerMotion(now: Plane, before: Plane, after: Plane, reach: number): MovingCorner[] {
  const [slopes, earlier, later] = [derivatives(now, EDGE), derivatives(before, 0), derivatives(after, 0)];
  const length = distances(reach);
  return keyPoints(now, reach).map((corner) => {
    const toBefore = blockDifferences(slopes, earlier, corner, reach);
    const toAfter = blockDifferences(slopes, later, corner, reach);
    const back = match(toBefore, toAfter, false, length, reach);
    const next = match(toAfter, toAfter, true, length, reach);
    return { ...corner, before: { x: 0 - back.x, y: 0 - back.y }, after: next };
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

function inside(values: readonly number[]): (value: number) => boolean {
  const [centre, width] = [mean(values), deviation(values)];
  return (value) => Math.abs(value - centre) < width;
}

/** Standard deviation of the intensity of the corners that move as most do. */
function egoDeviation(corners: readonly MovingCorner[], intensity: readonly number[]): number {
  const x = corners.map(({ before, after }) => (before.x + after.x) / 2);
  const y = corners.map(({ before, after }) => (before.y + after.y) / 2);
  const [typicalX, typicalY] = [inside(x), inside(y)];
  const alike = intensity.filter((_, k) => typicalX(x[k]!) && typicalY(y[k]!));
  return alike.length > 1 ? deviation(alike) : 0;
}

/** 0 around each corner that moved, where it was and where it will be; else 1. */
function stillArea({ width, height }: Plane, corners: readonly MovingCorner[], reach: number): Uint8Array {
  const mask = new Uint8Array(width * height).fill(1);
  for (const { x, y, before, after } of corners) {
    if (!(before.x || before.y || after.x || after.y)) continue;
    for (const [dx, dy] of [
      [0, 0],
      [-before.x, -before.y],
      [after.x, after.y],
    ] as const) {
      const [left, right] = [Math.max(x + dx - reach, 0), Math.min(x + dx + reach + 1, width)];
      for (let row = Math.max(y + dy - reach, 0); row <= Math.min(y + dy + reach, height - 1); row++)
        if (right > left) mask.fill(0, row * width + left, row * width + right);
    }
  }
  return mask;
}

/** Mean deviation, within a mask, of the larger absolute difference from the mean one. */
function flicker(mask: Uint8Array, before: Float64Array, after: Float64Array): number {
  let [count, sum, total] = [0, 0, 0];
  for (let i = 0; i < mask.length; i++)
    if (mask[i]) {
      count++;
      sum += before[i]! + after[i]!;
    }
  if (count === 0) return 0;
  const typical = sum / (2 * count);
  for (let i = 0; i < mask.length; i++)
    if (mask[i]) total += Math.abs(Math.max(before[i]!, after[i]!) - typical);
  return total / count;
}

function difference(a: Plane, b: Plane): { data: Float64Array; mean: number } {
  const data = new Float64Array(a.data.length);
  let sum = 0;
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.abs(a.data[i]! - b.data[i]!);
    sum += data[i]!;
  }
  return { data, mean: sum / data.length };
}

function spatialInformation(plane: Plane): number {
  const [across, down] = derivatives(plane, EDGE);
  const out = emptyPlane(plane.width, plane.height);
  for (let i = 0; i < out.data.length; i++) out.data[i] = Math.hypot(across.data[i]!, down.data[i]!);
  return deviationOf(out) ** 0.25;
}

/** Features of half-size planes, 0 to 1; reach: R. */
export function motionFeatures(now: Plane, before: Plane, after: Plane, reach: number) {
  const corners = cornerMotion(now, before, after, reach);
  const speed = corners.map((c) => Math.hypot(c.before.x, c.before.y, c.after.x, c.after.y) / (2 * reach));
  const total = speed.reduce((sum, value) => sum + value, 0);
  const jerk = corners.map(({ before: a, after: b }) =>
    Math.sqrt(Math.hypot(a.x - b.x, a.y - b.y) / (2 * reach)),
  );
  const height = corners.map(({ before: a, after: b }) => (a.y + b.y) / (4 * reach) + 0.5);
  const [back, next] = [difference(now, before), difference(now, after)];
  return {
    mo_intensity: (total / ((now.width / reach) * (now.height / reach))) ** 0.25,
    mo_ego_std: corners.length > 1 ? egoDeviation(corners, speed) : 0,
    si: spatialInformation(now),
    mo_jerk: total > 0 ? mean(jerk) : 0,
    ti: ((back.mean + next.mean) / 2) ** 0.25,
    mo_y: total > 0 ? mean(height) : 0.5,
    mo_flicker: flicker(stillArea(now, corners, reach), back.data, next.data),
  };
}
