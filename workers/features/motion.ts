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

/** Sobel derivatives over 8 along rows and down columns, stored by columns, in the order that ties are settled. */
interface Derivatives {
  readonly height: number;
  readonly across: Float64Array;
  readonly down: Float64Array;
}

function derivatives(plane: Plane, edge: number): Derivatives {
  const { width, height } = plane;
  const byColumns = ({ data }: Plane) => {
    const out = emptyPlane(height, width).data.fill(0);
    for (let y = edge; y < height - edge; y++)
      for (let x = edge, i = y * width + edge; x < width - edge; x++, i++) out[x * height + y] = data[i]! / 8;
    return out;
  };
  const [across, down] = sobel(plane);
  return { height, across: byColumns(across), down: byColumns(down) };
}

interface Corner {
  readonly x: number;
  readonly y: number;
}

/** Sums [width] of three rows from row y on. */
function threeRows({ width, data }: Plane, y: number, out: Float64Array): Float64Array {
  const from = y * width;
  for (let x = 0, i = from; x < width; x++, i++) out[x] = data[i]! + data[i + width]! + data[i + 2 * width]!;
  return out;
}

interface Candidate extends Corner {
  readonly strength: number;
}

/**
 * Responses of four mirrored corner kernels of 5 × 5 (1 outside, −2 in a corner of 3 × 2 and beside it, 0 in the centre,
 * over 32): the largest less the smallest absolute one. Each is the box sum less three times the corner's.
 */
function candidatesOfRow(
  plane: Plane,
  y: number,
  border: number,
  upper: Float64Array,
  lower: Float64Array,
): Candidate[] {
  const { width, data } = plane;
  const list: Candidate[] = [];
  threeRows(plane, y - 2, upper);
  threeRows(plane, y, lower);
  const from = y * width;
  let box = 0;
  const column = (x: number) => upper[x]! + lower[x]! - data[from + x]!;
  for (let x = border - 3; x < border + 2; x++) box += column(x);
  for (let x = border; x < width - border; x++) {
    const centre = data[from + x]!;
    box += column(x + 2) - column(x - 3);
    const total = box - centre;
    const above = 3 * (upper[x]! - centre);
    const below = 3 * (lower[x]! - centre);
    const a = Math.abs(total - 3 * (lower[x - 2]! + lower[x - 1]!) - below);
    const b = Math.abs(total - 3 * (upper[x - 2]! + upper[x - 1]!) - above);
    const c = Math.abs(total - 3 * (upper[x + 1]! + upper[x + 2]!) - above);
    const d = Math.abs(total - 3 * (lower[x + 1]! + lower[x + 2]!) - below);
    const range = Math.max(a, b, c, d) - Math.min(a, b, c, d);
    if (range < 32 * CORNER_THRESHOLD) continue;
    const strength = Math.round(range / 32 / TIE) * TIE;
    if (strength > CORNER_THRESHOLD) list.push({ x, y, strength });
  }
  return list;
}

/** Corners, strongest first, none within `reach` of a stronger one in both axes. */
export function keyPoints(plane: Plane, reach: number): Corner[] {
  const { width, height } = plane;
  const border = reach + 3;
  const [upper, lower] = [new Float64Array(width), new Float64Array(width)];
  const candidates: Candidate[] = [];
  for (let y = border; y < height - border; y++)
    candidates.push(...candidatesOfRow(plane, y, border, upper, lower));
  candidates.sort((a, b) => b.strength - a.strength || a.x - b.x || a.y - b.y);
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

/** Adds the squared differences of one sample and those around the sample of an index, [2R + 1]² by columns. */
function addSquares(
  out: Float64Array,
  value: number,
  data: Float64Array,
  from: number,
  height: number,
): void {
  const side = Math.sqrt(out.length);
  for (let u = 0, k = 0; u < side; u++)
    for (let m = from + u * height, end = m + side; m < end; m++, k++) {
      const difference = data[m]! - value;
      out[k] = out[k]! + difference * difference;
    }
}

/** Sums of squared differences of the 3 × 3 block at a corner and those up to `reach` around it, by columns. */
function blockDifferences(
  now: Derivatives,
  other: Derivatives,
  { x, y }: Corner,
  reach: number,
): Float64Array {
  const { height } = now;
  const out = new Float64Array((2 * reach + 1) ** 2);
  for (const map of ['across', 'down'] as const)
    for (let j = -1; j <= 1; j++)
      for (let i = -1; i <= 1; i++) {
        const at = (x + i) * height + y + j;
        addSquares(out, now[map][at]!, other[map], at - reach * (height + 1), height);
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
    const differences = (other: Derivatives, range: number) => blockDifferences(slopes, other, corner, range);
    const moves = (other: Derivatives) => differences(other, 0)[0]! > STILL;
    const [movedBefore, movesAfter] = [moves(earlier), moves(later)];
    if (!movedBefore && !movesAfter) return { ...corner, before: NO_MATCH, after: NO_MATCH };
    const toAfter = differences(later, reach);
    const after = movesAfter ? match(toAfter, toAfter, true, length, reach) : NO_MATCH;
    if (!movedBefore) return { ...corner, before: NO_MATCH, after };
    const { x, y } = match(differences(earlier, reach), toAfter, false, length, reach);
    return { ...corner, before: { x: 0 - x, y: 0 - y }, after };
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
  const { across, down } = derivatives(plane, EDGE);
  const out = emptyPlane(plane.width, plane.height);
  for (let i = 0; i < out.data.length; i++)
    out.data[i] = Math.sqrt(across[i]! * across[i]! + down[i]! * down[i]!);
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
