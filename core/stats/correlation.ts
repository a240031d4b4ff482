/**
 * Agreement of predictions with MOS: SRCC, PLCC, KRCC (tau-b), RMSE, MAE, as scipy.stats and numpy compute them on
 * raw predictions. No logistic is fitted first: neither the papers nor the released scripts fit one. Held to the
 * official code by golden/rules/metrics.json: change only with it.
 */
import { CodedError } from '../errors.ts';
import { mean } from './moments.ts';

/** Reason why a value is unreliable; the names are scipy's warning classes without the ending. */
type MetricWarning = 'ConstantInput' | 'NearConstantInput' | 'SmallSample' | 'Runtime';

export interface Metric {
  /** NaN where the metric is not defined. */
  readonly value: number;
  readonly warning: MetricWarning | null;
}

type Numbers = readonly number[];

function checkLengths(pred: Numbers, mos: Numbers): void {
  if (pred.length !== mos.length)
    throw new CodedError('metrics/lengths', {
      predictions: pred.length,
      mos: mos.length,
      python: 'ValueError',
    });
}

const isConstant = (values: Numbers): boolean => values.every((value) => value === values[0]);
const hasNaN = (values: Numbers): boolean => values.some(Number.isNaN);
const sum = (values: Numbers): number => values.reduce((total, value) => total + value, 0);
const undefinedBy = (warning: MetricWarning | null): Metric => ({ value: Number.NaN, warning });

/** Average ranks from 1: equal values share the mean of the ranks that they cover. */
export function averageRanks(values: Numbers): number[] {
  const order = Uint32Array.from(values.keys()).sort(
    (a, b) => values[a]! - values[b]! || compareInfinite(values[a]!, values[b]!),
  );
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let k = from; k < to; k++) ranks[order[k]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** ∞ − ∞ is NaN, which `||` turns into this comparison. */
function compareInfinite(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Centred {
  readonly unit: readonly number[];
  /** The spread is within rounding of the mean. */
  readonly nearConstant: boolean;
}

/** Deviations from the mean over their Euclidean norm; scaled first, so that squares of huge values do not overflow. */
function centred(values: Numbers): Centred {
  const centre = mean(values);
  const deviations = values.map((value) => value - centre);
  const scale = deviations.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const norm = scale * Math.sqrt(sum(deviations.map((value) => (value / scale) ** 2)));
  return {
    unit: deviations.map((value) => value / norm),
    nearConstant: norm < EPSILON_34 * Math.abs(centre),
  };
}

/** ε^(3/4) of a double: scipy's bound for a nearly constant list. */
const EPSILON_34 = Number.EPSILON ** 0.75;

/**
 * Pearson's linear correlation, PLCC.
 *
 * @throws CodedError `metrics/lengths`, `metrics/too-few` (fewer than two pairs)
 */
export function plcc(pred: Numbers, mos: Numbers): Metric {
  checkLengths(pred, mos);
  if (pred.length < 2)
    throw new CodedError('metrics/too-few', { n: pred.length, least: 2, python: 'ValueError' });
  if (isConstant(pred) || isConstant(mos)) return undefinedBy('ConstantInput');
  if (hasNaN(pred) || hasNaN(mos)) return undefinedBy(null);
  if (![...pred, ...mos].every(Number.isFinite)) return undefinedBy('Runtime');
  const [x, y] = [centred(pred), centred(mos)];
  const warning = x.nearConstant || y.nearConstant ? 'NearConstantInput' : null;
  const value = Math.max(-1, Math.min(1, sum(x.unit.map((u, i) => u * y.unit[i]!))));
  // Two points lie on a line: scipy promises exactly ±1.
  return { value: pred.length === 2 ? Math.round(value) : value, warning };
}

/**
 * Spearman's rank correlation, SRCC: Pearson's of the average ranks. NaN for fewer than two pairs.
 *
 * @throws CodedError `metrics/lengths`
 */
export function srcc(pred: Numbers, mos: Numbers): Metric {
  checkLengths(pred, mos);
  if (pred.length < 2) return undefinedBy(null);
  if (isConstant(pred) || isConstant(mos)) return undefinedBy('ConstantInput');
  if (hasNaN(pred) || hasNaN(mos)) return undefinedBy(null);
  return { value: plcc(averageRanks(pred), averageRanks(mos)).value, warning: null };
}

/** Eq. 13, 1 − 6 Σd² / (n(n² − 1)) on average ranks: SRCC only where no values are equal. NaN for fewer than two. */
export function srccByEq13(pred: Numbers, mos: Numbers): number {
  checkLengths(pred, mos);
  const [x, y] = [averageRanks(pred), averageRanks(mos)];
  const n = pred.length;
  return 1 - (6 * sum(x.map((rank, i) => (rank - y[i]!) ** 2))) / (n * (n * n - 1));
}

/** Number of pairs within runs of equal entries of a sorted sequence. */
function tiedPairs(n: number, equal: (i: number, j: number) => boolean): number {
  let pairs = 0;
  for (let from = 0; from < n; ) {
    let to = from + 1;
    while (to < n && equal(from, to)) to++;
    pairs += ((to - from) * (to - from - 1)) / 2;
    from = to;
  }
  return pairs;
}

/** Sorts in place and counts the inversions (Knight's algorithm: a merge sort). */
function countInversions(values: Float64Array): number {
  let source: Float64Array = values;
  let target: Float64Array = new Float64Array(values.length);
  let inversions = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let from = 0; from < values.length; from += 2 * width) {
      const middle = Math.min(from + width, values.length);
      const end = Math.min(from + 2 * width, values.length);
      let [left, right] = [from, middle];
      for (let at = from; at < end; at++) {
        if (left < middle && (right >= end || source[left]! <= source[right]!)) target[at] = source[left++]!;
        else {
          inversions += middle - left;
          target[at] = source[right++]!;
        }
      }
    }
    [source, target] = [target, source];
  }
  if (source !== values) values.set(source);
  return inversions;
}

/**
 * Kendall's rank correlation, KRCC, in the tie-corrected form tau-b, in O(n log n). NaN for fewer than two pairs.
 *
 * @throws CodedError `metrics/lengths`
 */
export function krcc(pred: Numbers, mos: Numbers): Metric {
  checkLengths(pred, mos);
  const n = pred.length;
  if (n < 2) return undefinedBy('SmallSample');
  if (hasNaN(pred) || hasNaN(mos)) return undefinedBy(null);
  const [x, y] = [averageRanks(pred), averageRanks(mos)];
  const order = Uint32Array.from(x.keys()).sort((a, b) => x[a]! - x[b]! || y[a]! - y[b]!);
  const inX = (i: number, j: number) => x[order[i]!] === x[order[j]!];
  const tiesX = tiedPairs(n, inX);
  const tiesBoth = tiedPairs(n, (i, j) => inX(i, j) && y[order[i]!] === y[order[j]!]);
  const second = Float64Array.from(order, (i) => y[i]!);
  const discordant = countInversions(second);
  const tiesY = tiedPairs(n, (i, j) => second[i] === second[j]);
  const pairs = (n * (n - 1)) / 2;
  if (tiesX === pairs || tiesY === pairs) return undefinedBy(null);
  const difference = pairs - tiesX - tiesY + tiesBoth - 2 * discordant;
  const value = difference / Math.sqrt(pairs - tiesX) / Math.sqrt(pairs - tiesY);
  return { value: Math.max(-1, Math.min(1, value)), warning: null };
}

function meanError(pred: Numbers, mos: Numbers, of: (error: number) => number): Metric {
  checkLengths(pred, mos);
  if (pred.length === 0) return undefinedBy('Runtime');
  const value = sum(pred.map((value, i) => of(value - mos[i]!))) / pred.length;
  const overflow = value === Number.POSITIVE_INFINITY && [...pred, ...mos].every(Number.isFinite);
  return { value, warning: overflow ? 'Runtime' : null };
}

/** Root mean square error, in score units. @throws CodedError `metrics/lengths` */
export function rmse(pred: Numbers, mos: Numbers): Metric {
  const { value, warning } = meanError(pred, mos, (error) => error * error);
  return { value: Math.sqrt(value), warning };
}

/** Mean absolute error, in score units. @throws CodedError `metrics/lengths` */
export function mae(pred: Numbers, mos: Numbers): Metric {
  return meanError(pred, mos, Math.abs);
}

/** Quantile of sorted values by linear interpolation (numpy's default); NaN of an empty list. */
export function quantile(sorted: Numbers, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}
