/** Arithmetic of the charts: smoothing, thinning, ticks, and what stands under the cursor. Pure, tested without a page. */
import type { Cell } from './state/metrics.ts';

/**
 * Exponential moving average, corrected for its start (so that the first value is itself). `weight` 0 leaves the values
 * as they are, towards 1 it follows ever more slowly. Gaps stay gaps and are not bridged; what was not written at a step
 * (`undefined`) is passed over.
 */
export function smooth(values: readonly Cell[], weight: number): Cell[] {
  let mean = 0;
  let share = 0;
  return values.map((value) => {
    if (typeof value !== 'number') return value;
    mean = mean * weight + value * (1 - weight);
    share = share * weight + (1 - weight);
    return mean / share;
  });
}

export type Point = readonly [x: number, y: number | null];

/**
 * At most four points a bucket (first, lowest, highest, last), so that a line of any length keeps every peak at the
 * width it is drawn with. A gap (`null`) inside a bucket is thinned as one.
 *
 * @param xs ascending
 * @param buckets columns of the picture
 */
export function decimate(xs: readonly number[], ys: readonly Cell[], buckets: number): Point[] {
  const points: Point[] = [];
  const [from, to] = [xs[0] ?? 0, xs.at(-1) ?? 0];
  const width = to > from ? (to - from) / buckets : 1;
  let bucket: number[] = [];
  let at = 0;
  const flush = () => {
    if (bucket.length <= 4) for (const i of bucket) points.push([xs[i]!, ys[i] as number]);
    else {
      const by = (better: (a: number, b: number) => boolean) =>
        bucket.reduce((best, i) => (better(ys[i] as number, ys[best] as number) ? i : best));
      const thinned = new Set([bucket[0]!, by((a, b) => a < b), by((a, b) => a > b), bucket.at(-1)!]);
      for (const i of [...thinned].sort((a, b) => a - b)) points.push([xs[i]!, ys[i] as number]);
    }
    bucket = [];
  };
  for (let i = 0; i < xs.length; i += 1) {
    const y = ys[i];
    if (y === undefined) continue;
    const here = Math.floor((xs[i]! - from) / width);
    if (here !== at || y === null) flush();
    at = here;
    if (y === null) {
      if (points.length > 0 && points.at(-1)![1] !== null) points.push([xs[i]!, null]);
    } else bucket.push(i);
  }
  flush();
  return points;
}

/** Round tick values inside [low, high], about `wanted` of them, in steps of 1, 2 or 5 · 10ⁿ. */
export function ticks(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((n) => n * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Products of whole numbers, so that 0.3 does not become 0.30000000000000004.
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(decimals)));
}

/** Ticks with as many decimals as tell them apart; below 1 without the zero that all of them would share. */
export function tickLabels(values: readonly number[]): string[] {
  const step = values.length > 1 ? values[1]! - values[0]! : Math.abs(values[0] ?? 1) || 1;
  const largest = Math.max(...values.map(Math.abs));
  if (largest >= 1e5) return values.map(compact);
  if (largest > 0 && largest < 1e-3) return values.map((value) => (value === 0 ? '0' : power(value)));
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const short = values.every((value) => Math.abs(value) < 1);
  return values.map((value) => {
    const text = value.toFixed(decimals);
    return short ? text.replace(/^(-?)0(?=\.)/, '$1').replace('-', '−') : text.replace('-', '−');
  });
}

/** `2e−5`, `1.5e−5`. */
const power = (value: number): string => Number(value.toPrecision(3)).toExponential().replaceAll('-', '−');

const compactForm = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const compact = (value: number): string => compactForm.format(value);

/** Three significant digits or so, as it is read in a title line: `2.94`, `.058`, `131`, `1.2e-6`. */
export function readable(value: number): string {
  // As it will be written: 0.9996 is 1.00, not 1.000.
  const size = Math.abs(Number(value.toPrecision(3)));
  if (size !== 0 && size < 0.0005)
    return value
      .toExponential(1)
      .replace('-', '−')
      .replace(/^(.*e)-/, '$1−');
  if (size >= 1e5) return compact(value);
  const decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return value
    .toFixed(decimals)
    .replace(/^(-?)0\./, '$1.')
    .replace('-', '−');
}

/** Smallest and largest value of several lines between two places of x, or null where none has one. */
export function extent(
  lines: readonly { readonly xs: readonly number[]; readonly ys: readonly Cell[] }[],
  from: number,
  to: number,
): [number, number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { xs, ys } of lines)
    for (let i = 0; i < xs.length; i += 1) {
      const y = ys[i];
      if (typeof y !== 'number' || xs[i]! < from || xs[i]! > to) continue;
      if (y < low) low = y;
      if (y > high) high = y;
    }
  return low <= high ? [low, high] : null;
}

/** An axis around the values: they fill it but for a twentieth at either end; equal values get room around them. */
export function axisRange([low, high]: readonly [number, number], ceiling?: number): [number, number] {
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    return [low - (low === 0 ? 0 : room), high + room];
  }
  const room = (high - low) * 0.05;
  // The axis of values that are never negative begins at 0.
  const bottom = low >= 0 && low - room < 0 ? 0 : low - room;
  return [bottom, ceiling !== undefined && high <= ceiling ? Math.min(high + room, ceiling) : high + room];
}

/** Index of the last written value at or before place `at`, -1 where there is none. */
export function writtenAt(ys: readonly Cell[], at: number): number {
  for (let i = Math.min(at, ys.length - 1); i >= 0; i -= 1) if (ys[i] !== undefined) return i;
  return -1;
}

/** Index of the x nearest to a value; -1 for no x. `xs` ascending. */
export function nearest(xs: readonly number[], value: number): number {
  let [low, high] = [0, xs.length - 1];
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= value) low = middle;
    else high = middle;
  }
  return Math.abs(xs[high]! - value) < Math.abs(value - xs[low]!) ? high : low;
}

/** Positions of labels along one side, at least `gap` apart and inside [top, bottom], each as near to its value as possible. */
export function spreadLabels(at: readonly number[], gap: number, top: number, bottom: number): number[] {
  const order = at.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  const placed: number[] = [];
  for (const [n, { y }] of order.entries()) placed[n] = Math.max(y, n > 0 ? placed[n - 1]! + gap : top);
  // Pushed out below: everything moves up again as far as it must.
  for (let n = placed.length - 1, limit = bottom; n >= 0; n -= 1) {
    placed[n] = Math.min(placed[n]!, limit);
    limit = placed[n]! - gap;
  }
  const result: number[] = [];
  for (const [n, { i }] of order.entries()) result[i] = placed[n]!;
  return result;
}
