/**
 * Percentile bootstrap of SRCC, PLCC, KRCC and RMSE over pairs, all from the same resamples. A resample is a count
 * for each pair, so that nothing is sorted again: ranks follow from counts, and a metric costs O(n), that of Kendall
 * O(n log n). Ours.
 */

import { CodedError } from '../errors.ts';
import { quantile } from './correlation.ts';

type Numbers = readonly number[];

const bootstrapped = ['srcc', 'plcc', 'krcc', 'rmse'] as const;
export type Bootstrapped = (typeof bootstrapped)[number];

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Number of resamples on which the metric is defined. */
  readonly resamples: number;
}

interface Groups {
  /** Group of each value; equal values share one, groups ascend. */
  readonly of: Int32Array;
  readonly n: number;
}

function groupsOf(values: Numbers): Groups {
  const order = Int32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const of = new Int32Array(values.length);
  let group = -1;
  order.forEach((i, k) => {
    if (k === 0 || values[i] !== values[order[k - 1]!]) group += 1;
    of[i] = group;
  });
  return { of, n: group + 1 };
}

/** Average ranks of a resample, by pair. */
function ranks({ of, n }: Groups, times: Int32Array, into: Float64Array, counts: Float64Array): Float64Array {
  counts.fill(0, 0, n);
  for (let i = 0; i < of.length; i += 1) counts[of[i]!]! += times[i]!;
  let before = 0;
  for (let g = 0; g < n; g += 1) {
    const count = counts[g]!;
    counts[g] = before + (count + 1) / 2;
    before += count;
  }
  for (let i = 0; i < of.length; i += 1) into[i] = counts[of[i]!]!;
  return into;
}

/** Pearson's correlation where pair i counts `times[i]` times; NaN where one side is constant. */
function pearson(a: ArrayLike<number>, b: ArrayLike<number>, times: Int32Array, total: number): number {
  let meanA = 0;
  let meanB = 0;
  for (let i = 0; i < times.length; i += 1) {
    meanA += times[i]! * a[i]!;
    meanB += times[i]! * b[i]!;
  }
  meanA /= total;
  meanB /= total;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < times.length; i += 1) {
    const [x, y, t] = [a[i]! - meanA, b[i]! - meanB, times[i]!];
    ab += t * x * y;
    aa += t * x * x;
    bb += t * y * y;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : Number.NaN;
}

/** Pairs of draws that fall into one group. */
function tied({ of, n }: Groups, times: Int32Array, counts: Float64Array): number {
  counts.fill(0, 0, n);
  for (let i = 0; i < of.length; i += 1) counts[of[i]!]! += times[i]!;
  let pairs = 0;
  for (let g = 0; g < n; g += 1) pairs += (counts[g]! * (counts[g]! - 1)) / 2;
  return pairs;
}

/** Kendall's tau-b; a Fenwick tree over the groups of y counts what came before. */
function kendall(
  x: Groups,
  y: Groups,
  byX: Int32Array,
  times: Int32Array,
  counts: Float64Array,
  total: number,
) {
  const tree = new Float64Array(y.n + 1);
  const upTo = (g: number) => {
    let sum = 0;
    for (let k = g; k > 0; k -= k & -k) sum += tree[k]!;
    return sum;
  };
  let difference = 0;
  let seen = 0;
  for (let from = 0; from < byX.length; ) {
    let to = from;
    while (to < byX.length && x.of[byX[to]!] === x.of[byX[from]!]) to += 1;
    for (let k = from; k < to; k += 1) {
      const i = byX[k]!;
      if (times[i] === 0) continue;
      const less = upTo(y.of[i]!);
      difference += times[i]! * (less - (seen - upTo(y.of[i]! + 1)));
    }
    for (let k = from; k < to; k += 1) {
      const i = byX[k]!;
      seen += times[i]!;
      for (let g = y.of[i]! + 1; g <= y.n; g += g & -g) tree[g]! += times[i]!;
    }
    from = to;
  }
  const all = (total * (total - 1)) / 2;
  const free = (all - tied(x, times, counts)) * (all - tied(y, times, counts));
  return free > 0 ? difference / Math.sqrt(free) : Number.NaN;
}

interface BootstrapRun {
  /** Uniform integer from 0 to n − 1; seed it, and the intervals can be reproduced. */
  readonly draw: (n: number) => number;
  readonly resamples: number;
  /** Scores on the scale of the opinions, for RMSE; null leaves it out. */
  readonly fitted: Numbers | null;
}

/**
 * 95 % intervals. Resamples on which a metric is not defined are left out of it; NaN on both ends if none is left.
 *
 * @throws CodedError `metrics/lengths`
 */
export function bootstrapIntervals(
  pred: Numbers,
  mos: Numbers,
  { draw, resamples, fitted }: BootstrapRun,
): Record<Bootstrapped, Interval> {
  const n = pred.length;
  if (n !== mos.length) throw new CodedError('metrics/lengths', { predictions: n, mos: mos.length });
  const [x, y] = [groupsOf(pred), groupsOf(mos)];
  const byX = Int32Array.from(pred.keys()).sort((a, b) => x.of[a]! - x.of[b]!);
  const times = new Int32Array(n);
  const counts = new Float64Array(n + 1);
  const [rankX, rankY] = [new Float64Array(n), new Float64Array(n)];
  const values: Record<Bootstrapped, number[]> = { srcc: [], plcc: [], krcc: [], rmse: [] };
  const keep = (name: Bootstrapped, value: number) => {
    if (!Number.isNaN(value)) values[name].push(value);
  };
  for (let round = 0; round < resamples; round += 1) {
    times.fill(0);
    for (let i = 0; i < n; i += 1) times[draw(n)]! += 1;
    keep('plcc', pearson(pred, mos, times, n));
    keep('srcc', pearson(ranks(x, times, rankX, counts), ranks(y, times, rankY, counts), times, n));
    keep('krcc', kendall(x, y, byX, times, counts, n));
    if (fitted) {
      let squares = 0;
      for (let i = 0; i < n; i += 1) squares += times[i]! * (fitted[i]! - mos[i]!) ** 2;
      keep('rmse', Math.sqrt(squares / n));
    }
  }
  const interval = (values: number[]): Interval => {
    values.sort((a, b) => a - b);
    return { low: quantile(values, 0.025), high: quantile(values, 0.975), resamples: values.length };
  };
  return {
    srcc: interval(values.srcc),
    plcc: interval(values.plcc),
    krcc: interval(values.krcc),
    rmse: interval(values.rmse),
  };
}
