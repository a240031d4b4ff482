/**
 * The charts of a run as data: which metrics stand in which chart. Names are TRL's where TRL has one; the first name that
 * a run has written is drawn. What is in none of them gets a chart of its own, under its own name.
 */
import type { TrainingMessages } from './messages/en.ts';

export type SeriesName = keyof TrainingMessages['charts']['series'];
export type ChartName = keyof TrainingMessages['charts']['names'];

export interface SeriesSpec {
  readonly name: SeriesName;
  readonly metrics: readonly string[];
  /** Drawn is the sum of all that are there, instead of the first. */
  readonly sum?: true;
  /** `a` and `b`: the letter stands at the line's end; B is the perturbed copy and the one line with a hue. */
  readonly side?: 'a' | 'b';
  /** Measured now and then: each value is a dot. */
  readonly dots?: 'full' | 'hollow';
}

export interface ChartSpec {
  readonly name: ChartName;
  readonly series: readonly SeriesSpec[];
  /** Every value as it came, faintly under the smoothed line. */
  readonly raw?: true;
  /** No value can lie above. */
  readonly ceiling?: number;
}

/** In the order in which they are shown. */
export const CHARTS: readonly ChartSpec[] = [
  {
    name: 'reward',
    raw: true,
    series: [
      { name: 'original', metrics: ['reward'], side: 'a' },
      { name: 'perturbed', metrics: ['perturbed/reward'], side: 'b' },
    ],
  },
  {
    name: 'parts',
    series: [
      { name: 'format', metrics: ['rewards/format/mean'] },
      { name: 'rank', metrics: ['rewards/rank/mean'] },
      { name: 'regression', metrics: ['rewards/regression/mean'] },
      { name: 'temporal', metrics: ['temporal/bonus'] },
    ],
  },
  {
    name: 'scores',
    raw: true,
    series: [
      { name: 'original', metrics: ['temporal/score'], side: 'a' },
      { name: 'perturbed', metrics: ['perturbed/score'], side: 'b' },
    ],
  },
  {
    name: 'preference',
    raw: true,
    ceiling: 1,
    series: [{ name: 'preferred', metrics: ['temporal/preferred'] }],
  },
  {
    name: 'agreement',
    ceiling: 1,
    series: [
      { name: 'srcc', metrics: ['eval/srcc'], dots: 'full' },
      { name: 'plcc', metrics: ['eval/plcc'], dots: 'hollow' },
    ],
  },
  { name: 'kl', raw: true, series: [{ name: 'kl', metrics: ['kl'] }] },
  {
    name: 'length',
    raw: true,
    series: [{ name: 'mean', metrics: ['completions/mean_length'] }],
  },
  {
    name: 'time',
    series: [
      { name: 'all', metrics: ['seconds/rollout', 'seconds/update', 'seconds/driver'], sum: true },
      { name: 'rollout', metrics: ['seconds/rollout'] },
      { name: 'update', metrics: ['seconds/update'] },
      { name: 'driver', metrics: ['seconds/driver'] },
    ],
  },
  { name: 'entropy', raw: true, series: [{ name: 'entropy', metrics: ['entropy'] }] },
  { name: 'loss', raw: true, series: [{ name: 'loss', metrics: ['loss'] }] },
  { name: 'gradient', raw: true, series: [{ name: 'gradient', metrics: ['grad_norm'] }] },
  { name: 'rate', series: [{ name: 'rate', metrics: ['learning_rate'] }] },
  {
    name: 'clipped',
    series: [
      { name: 'clip', metrics: ['clip_ratio/region_mean'] },
      { name: 'low', metrics: ['clip_ratio/low_mean'] },
      { name: 'high', metrics: ['clip_ratio/high_mean'] },
    ],
  },
  {
    name: 'faults',
    series: [
      { name: 'unreadable', metrics: ['unreadable'] },
      { name: 'cut', metrics: ['completions/clipped_ratio'] },
      { name: 'flat', metrics: ['frac_reward_zero_std'] },
    ],
  },
];

/** Charts that a stage of this objective always has, so that their places are there before the first value. */
const EXPECTED: Readonly<Record<string, readonly ChartName[]>> = {
  grpo: ['reward', 'parts', 'agreement', 'kl', 'length', 'time', 'entropy', 'loss'],
  sft: ['loss', 'agreement', 'time', 'gradient', 'rate'],
  regression_pretrain: ['loss', 'time', 'gradient', 'rate'],
  fit: ['loss', 'time'],
};

/** A chart of a metric that no chart names. */
export interface PlainChart {
  readonly metric: string;
}
export type AnyChart = ChartSpec | PlainChart;

export const isPlain = (chart: AnyChart): chart is PlainChart => 'metric' in chart;
export const chartId = (chart: AnyChart): string => (isPlain(chart) ? `metric:${chart.metric}` : chart.name);

/**
 * The charts of a run: those expected of its objectives and those that have values, in the order of the table, then one
 * for every other metric.
 */
export function chartsOf(objectives: readonly string[], metrics: Iterable<string>): AnyChart[] {
  const written = new Set(metrics);
  const expected = new Set(objectives.flatMap((objective) => EXPECTED[objective] ?? []));
  const shown = CHARTS.filter(
    (chart) =>
      expected.has(chart.name) ||
      chart.series.some((series) => series.metrics.some((name) => written.has(name))),
  );
  const named = new Set(CHARTS.flatMap((chart) => chart.series.flatMap((series) => series.metrics)));
  const others = [...written].filter((name) => !named.has(name)).sort();
  return [...shown, ...others.map((metric) => ({ metric }))];
}
