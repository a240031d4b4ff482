/** From the metrics of the open run and those beside it to the lines of one chart, on one axis. */

import { axisRange, extent, nearest, readable, smooth, writtenAt } from './chart-data.ts';
import { type AnyChart, isPlain, type SeriesSpec } from './chart-specs.ts';
import type { TrainingMessages } from './messages/en.ts';
import { type Cell, type MetricTable, runningHours } from './state/metrics.ts';

export type Axis = 'step' | 'hours';

/** A line of ink, of the perturbed side, or of a run that is only compared with. */
export type Ink = 'ink' | 'side-b' | 'ink-3';

export interface Line {
  readonly id: string;
  /** As it is called in the title line. */
  readonly name: string;
  /** Label at its end: its letter or name, and its value where the axis does not show it. */
  readonly end: { readonly name: string; readonly value: boolean };
  readonly ink: Ink;
  /** Lengths of dash and gap in pixels; [] = solid. */
  readonly dash: readonly number[];
  readonly dots: 'none' | 'full' | 'hollow';
  readonly xs: readonly number[];
  /** Steps, where `xs` is in hours too. */
  readonly steps: readonly number[];
  /** As measured. */
  readonly values: readonly Cell[];
  /** As drawn: smoothed. */
  readonly ys: readonly Cell[];
  /** Draws the measured values under it. */
  readonly raw: boolean;
  /** Belongs to the open run. */
  readonly primary: boolean;
}

export interface RunLines {
  readonly name: string;
  readonly table: MetricTable;
}

/** Told apart without colour, in the order of the series. */
const DASHES: readonly (readonly number[])[] = [[], [7, 3], [3, 3], [1, 3], [9, 3, 2, 3]];

function column(table: MetricTable, { metrics, sum }: SeriesSpec): readonly Cell[] {
  const columns = metrics.map((name) => table.columns.get(name)).filter((cells) => cells !== undefined);
  const [first] = columns;
  if (!first || !sum) return first ?? [];
  // The sum of a step is absent where one of its terms is.
  return table.steps.map((_, i) =>
    columns.reduce<Cell>((total, cells) => {
      const value = cells[i];
      return typeof total === 'number' && typeof value === 'number' ? total + value : undefined;
    }, 0),
  );
}

function specsOf(chart: AnyChart): readonly SeriesSpec[] {
  return isPlain(chart) ? [{ name: 'mean', metrics: [chart.metric] }] : chart.series;
}

const hoursCache = new WeakMap<
  readonly number[],
  { readonly hours: readonly number[]; readonly last: number | undefined }
>();

/** The same list for all lines of a table until it grows: they lie on one axis then, and nothing is sorted anew. */
function hoursOf(table: MetricTable): readonly number[] {
  const cached = hoursCache.get(table.times);
  const last = table.times.at(-1);
  // A run that went back may be as long as before, and never ends at the same second.
  if (cached?.hours.length === table.times.length && cached.last === last) return cached.hours;
  const hours = runningHours(table);
  hoursCache.set(table.times, { hours, last });
  return hours;
}

/**
 * @param weight of the smoothing, 0 … 1
 * @param beside runs compared with: only their first line is drawn, or every line would need its own dash and its own
 *   grey
 */
export function linesOf(
  chart: AnyChart,
  run: RunLines,
  beside: readonly RunLines[],
  axis: Axis,
  weight: number,
  t: TrainingMessages,
): Line[] {
  const xsOf = (table: MetricTable) => (axis === 'step' ? table.steps : hoursOf(table));
  const lines: Line[] = [];
  const add = (from: RunLines, spec: SeriesSpec, index: number, primary: boolean) => {
    const values = column(from.table, spec);
    if (!values.some((value) => typeof value === 'number')) return;
    const dots = spec.dots ?? 'none';
    const name = isPlain(chart) ? chart.metric : t.charts.series[spec.name];
    const side = spec.side?.toUpperCase();
    // Rare measurements are not smoothed: each is a mean over many clips.
    const ys = dots === 'none' ? smooth(values, weight) : values;
    const single = specsOf(chart).length === 1;
    lines.push({
      id: `${primary ? '' : `${from.name} `}${spec.name}`,
      name: primary ? name : from.name,
      end: primary
        ? { name: side ?? (single ? '' : name), value: single || side !== undefined }
        : { name: from.name, value: false },
      ink: primary ? (spec.side === 'b' ? 'side-b' : 'ink') : 'ink-3',
      dash: spec.dots === 'hollow' ? DASHES[2]! : (DASHES[index % DASHES.length] ?? []),
      dots,
      xs: xsOf(from.table),
      steps: from.table.steps,
      values,
      ys,
      raw: primary && weight > 0 && !isPlain(chart) && chart.raw === true && dots === 'none',
      primary,
    });
  };
  for (const [i, other] of beside.entries()) {
    const spec = specsOf(chart)[0];
    if (spec) add(other, spec, i + 1, false);
  }
  for (const [i, spec] of specsOf(chart).entries()) add(run, spec, i, true);
  return lines;
}

/** @param y value of the line where it ends in the picture */
export const endLabel = ({ end }: Line, y: number): string =>
  [end.name, end.value ? readable(y) : ''].filter(Boolean).join(' ');

/** The axis of values for what is visible between two places of x. */
export function valueRange(
  lines: readonly Line[],
  from: number,
  to: number,
  ceiling?: number,
): [number, number] {
  const drawn = lines.flatMap((line) => [
    { xs: line.xs, ys: line.ys },
    ...(line.raw ? [{ xs: line.xs, ys: line.values }] : []),
  ]);
  return axisRange(extent(drawn, from, to) ?? [0, 1], ceiling);
}

/** Smallest and largest x of all lines. */
export function spanOf(lines: readonly Line[]): [number, number] {
  const xs = lines.flatMap((line) => (line.xs.length > 0 ? [line.xs[0]!, line.xs.at(-1)!] : []));
  if (xs.length === 0) return [0, 1];
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  // The first record is that of step 1, after which the axis has begun: it shows its 0.
  const start = low > 0 && low <= 1 ? 0 : low;
  return start === high ? [start, start + 1] : [start, high];
}

export interface Reading {
  readonly name: string;
  /** Null where it was written and is not defined. */
  readonly value: number | null;
  /** Step at which it was measured: at or before the cursor. */
  readonly step: number;
}

/** Value of every line at x, or its last one before x. */
export function readingsAt(lines: readonly Line[], x: number): Reading[] {
  return lines.flatMap((line) => {
    const at = writtenAt(line.values, nearest(line.xs, x));
    if (at < 0) return [];
    return [{ name: line.name, value: line.values[at] ?? null, step: line.steps[at]! }];
  });
}

/** All lines on one axis, as uPlot wants them: `undefined` where a line has no record at that x. */
export function aligned(lines: readonly Line[]): { xs: number[]; columns: Cell[][] } {
  const first = lines[0]?.xs ?? [];
  const same = lines.every((line) => line.xs === first);
  const xs = same ? [...first] : [...new Set(lines.flatMap((line) => line.xs))].sort((a, b) => a - b);
  const column = same ? null : new Map(xs.map((x, i) => [x, i]));
  const spread = (from: readonly number[], ys: readonly Cell[]): Cell[] => {
    if (!column) return from.map((_, i) => ys[i]);
    const cells = new Array<Cell>(xs.length).fill(undefined);
    for (let i = 0; i < ys.length; i += 1) cells[column.get(from[i]!)!] = ys[i];
    return cells;
  };
  return {
    xs,
    columns: lines.flatMap((line) => [
      ...(line.raw ? [spread(line.xs, line.values)] : []),
      spread(line.xs, line.ys),
    ]),
  };
}
