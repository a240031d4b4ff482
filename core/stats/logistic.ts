/**
 * The monotonic logistic of four parameters through a scatter of scores and human scores, after which some papers
 * report PLCC (VQEG FRTV phase I, 2000; ITU-T P.1401). The papers of this project report it on raw scores. Ours.
 */
import { CodedError } from '../errors.ts';
import { mean } from './moments.ts';

/** y = low + (high − low) / (1 + e^(−(x − middle) / width)), width > 0; low > high for a falling curve. */
export interface Logistic {
  readonly low: number;
  readonly high: number;
  readonly middle: number;
  readonly width: number;
}

export function logisticAt({ low, high, middle, width }: Logistic, x: number): number {
  return low + (high - low) / (1 + Math.exp(-(x - middle) / width));
}

const STEPS = 500;
const GAIN_IS_NOTHING = 1e-12;
/** Below this share of the spread of x the curve is a step between two neighbours. */
const NARROWEST = 1e-3;

/**
 * Least squares by Levenberg–Marquardt over (low, high, middle, ln width), from the data's own extent.
 *
 * @param x scores, @param y opinions, same length, at least 5 pairs with two distinct x
 * @throws CodedError `metrics/lengths`, `metrics/too-few` {n, least}
 */
export function fitLogistic(x: readonly number[], y: readonly number[]): Logistic {
  if (x.length !== y.length)
    throw new CodedError('metrics/lengths', { predictions: x.length, mos: y.length });
  const [xLow, xHigh] = extent(x);
  if (x.length < 5 || xHigh === xLow) throw new CodedError('metrics/too-few', { n: x.length, least: 5 });
  const [yLow, yHigh] = extent(y);
  const spread = deviation(x);
  const rising = covariance(x, y) >= 0;
  let best = [rising ? yLow : yHigh, rising ? yHigh : yLow, mean(x), Math.log(spread / 2)];
  let error = squares(best, x, y);
  const narrowest = Math.log(spread * NARROWEST);
  let damping = 1e-3;
  for (let step = 0; step < STEPS && damping < 1e12; step += 1) {
    const { matrix, slope } = normalEquations(best, x, y);
    const move = solve(
      matrix.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) + 1e-15 : value))),
      slope,
    );
    if (!move) break;
    const next = best.map((value, i) => value + move[i]!);
    next[3] = Math.max(next[3]!, narrowest);
    const now = squares(next, x, y);
    if (now < error) {
      const gain = (error - now) / (error || 1);
      [best, error, damping] = [next, now, damping / 4];
      if (gain < GAIN_IS_NOTHING) break;
    } else damping *= 4;
  }
  const [low, high, middle, logWidth] = best as [number, number, number, number];
  return { low, high, middle, width: Math.exp(logWidth) };
}

const extent = (values: readonly number[]): [number, number] => [
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
];

function covariance(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
}

const deviation = (x: readonly number[]) => Math.sqrt(covariance(x, x) / x.length);

/** 1 / (1 + e^−u) at x. */
const share = (p: readonly number[], x: number) => 1 / (1 + Math.exp(-(x - p[2]!) / Math.exp(p[3]!)));

function squares(p: readonly number[], x: readonly number[], y: readonly number[]): number {
  return x.reduce((sum, value, i) => sum + (y[i]! - p[0]! - (p[1]! - p[0]!) * share(p, value)) ** 2, 0);
}

/** JᵀJ and Jᵀr of the residuals r = y − f. */
function normalEquations(p: readonly number[], x: readonly number[], y: readonly number[]) {
  const matrix = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  const slope = [0, 0, 0, 0];
  const width = Math.exp(p[3]!);
  x.forEach((value, k) => {
    const s = share(p, value);
    const steep = (p[1]! - p[0]!) * s * (1 - s);
    const row = [1 - s, s, -steep / width, (-steep * (value - p[2]!)) / width];
    const residual = y[k]! - p[0]! - (p[1]! - p[0]!) * s;
    for (let i = 0; i < 4; i += 1) {
      slope[i]! += row[i]! * residual;
      for (let j = 0; j < 4; j += 1) matrix[i]![j]! += row[i]! * row[j]!;
    }
  });
  return { matrix, slope };
}

/** Gauss with partial pivots; null when singular. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  for (let column = 0; column < n; column += 1) {
    let pivot = column;
    for (let i = column + 1; i < n; i += 1) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    const head = rows[pivot]!;
    if (!(Math.abs(head[column]!) > 0)) return null;
    [rows[pivot], rows[column]] = [rows[column]!, head];
    for (let i = 0; i < n; i += 1) {
      if (i === column) continue;
      const factor = rows[i]![column]! / head[column]!;
      for (let j = column; j <= n; j += 1) rows[i]![j]! -= factor * head[j]!;
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}
