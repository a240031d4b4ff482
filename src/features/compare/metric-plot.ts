/** Values and geometry of the plot of a full-reference metric against the timeline position. */
import { psnr } from '../../../core/stats/full-reference.ts';
import { along } from './order-plot.ts';
import { type MeasureState, vmafByPosition } from './state/measure.ts';

export const METRICS = ['psnr', 'ssim', 'vmaf'] as const;
export type MetricName = (typeof METRICS)[number];

/** A metric by position: NaN without a value, infinite for the PSNR of identical frames; [positions]. */
export function metricValues(name: MetricName, state: MeasureState): Float64Array {
  if (name === 'ssim') return state.ssim;
  if (name === 'vmaf') return vmafByPosition(state) ?? new Float64Array();
  const peak = state.luma?.peak ?? 255;
  return state.mse.map((mse) => (Number.isNaN(mse) ? mse : psnr(mse, peak)));
}

export interface MetricAxis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  readonly decimals: number;
}

/** Smallest range of an axis, so that noise does not fill it; and its upper end, where a metric has one. */
const LEAST: Readonly<Record<MetricName, number>> = { psnr: 4, ssim: 0.02, vmaf: 10 };
const MOST: Readonly<Record<MetricName, number>> = { psnr: Number.POSITIVE_INFINITY, ssim: 1, vmaf: 100 };

/** Axis of round numbers around the finite values; the usual range of the metric without any. */
export function metricAxis(name: MetricName, values: ArrayLike<number>): MetricAxis {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) [least, most] = name === 'psnr' ? [30, 50] : name === 'ssim' ? [0.9, 1] : [60, 100];
  const range = Math.max(most - least, LEAST[name]);
  const middle = (least + most) / 2;
  const high = Math.min(MOST[name], middle + range / 2);
  const step = roundStep((high - (middle - range / 2)) / 3);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const low = Math.floor((high - range) / step + 1e-9) * step;
  const top = Math.min(MOST[name], Math.ceil(high / step - 1e-9) * step);
  const ticks: number[] = [];
  for (let tick = low; tick <= top + step / 100; tick += step) ticks.push(Number(tick.toFixed(decimals)));
  return { low: ticks[0]!, high: top, ticks, decimals };
}

/** The next of 1, 2, 5, 10, 20 … at or above a length. */
function roundStep(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length));
  return ([1, 2, 5].find((factor) => factor * power >= length * 0.999) ?? 10) * power;
}

/** Height of a value on the axis, 0 at its lower end … 1; identical frames lie at the upper end. */
export function levelOf(value: number, { low, high }: MetricAxis): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** Most points of a path: more are reduced to the extremes of equal parts, so that no dip is lost. */
const MOST_POINTS = 2000;

/** SVG path of the values in a box of width × height, with gaps where there is none. */
export function metricPath(
  values: ArrayLike<number>,
  axis: MetricAxis,
  width: number,
  height: number,
): string {
  const count = values.length;
  const num = (x: number) => String(Math.round(x * 100) / 100);
  let path = '';
  let gap = true;
  const add = (position: number) => {
    const value = values[position]!;
    if (Number.isNaN(value)) {
      gap = true;
      return;
    }
    const [x, y] = [along(position, count) * width, (1 - levelOf(value, axis)) * height];
    path += `${gap ? 'M' : 'L'}${num(x)} ${num(y)}`;
    gap = false;
  };
  const part = Math.ceil(count / (MOST_POINTS / 2));
  for (let from = 0; from < count; from += part)
    for (const position of extremes(values, from, Math.min(count, from + part))) add(position);
  // A value between two gaps has no length: a dot is drawn there.
  return path.replace(/M([\d.]+ [\d.]+)(?=M|$)/g, 'M$1h0');
}

/** Positions of the least and the greatest value of [from, to), in their order; one where there are no more. */
function extremes(values: ArrayLike<number>, from: number, to: number): number[] {
  if (to - from === 1) return [from];
  let [least, most] = [from, from];
  for (let i = from; i < to; i++) {
    if (Number.isNaN(values[least]) || values[i]! < values[least]!) least = i;
    if (Number.isNaN(values[most]) || values[i]! > values[most]!) most = i;
  }
  return least === most ? [least] : [Math.min(least, most), Math.max(least, most)];
}

/** A value as written: `38.21 dB`, `0.9612`, `91.3`. */
export function metricText(name: MetricName, value: number): string {
  if (name === 'ssim') return value.toFixed(4);
  return value.toFixed(2);
}
