/** The numbers of a chart as rows: for the table, for the clipboard and for a file. */

import type { Line } from './chart-lines.ts';
import type { Cell, MetricTable } from './state/metrics.ts';

export interface ChartTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly [step: number, ...values: Cell[]])[];
}

/** Every step at which one of the lines has a record, with what was measured (not smoothed). */
export function chartTable(lines: readonly Line[], stepWord: string): ChartTable {
  const rows = new Map<number, Cell[]>();
  for (const [i, line] of lines.entries())
    for (const [at, step] of line.steps.entries()) {
      const value = line.values[at];
      if (value === undefined) continue;
      const row = rows.get(step) ?? new Array<Cell>(lines.length).fill(undefined);
      row[i] = value;
      rows.set(step, row);
    }
  return {
    head: [stepWord, ...lines.map((line) => line.name)],
    rows: [...rows].sort(([a], [b]) => a - b).map(([step, values]) => [step, ...values] as const),
  };
}

/** At most `most` rows, evenly taken, the last one always among them. */
export function thinned<T>(rows: readonly T[], most: number): readonly T[] {
  if (rows.length <= most) return rows;
  const every = Math.ceil(rows.length / most);
  return rows.filter((_, i) => (rows.length - 1 - i) % every === 0);
}

const written = (value: Cell): string => (value === null || value === undefined ? '' : String(value));

export const tableTsv = ({ head, rows }: ChartTable): string =>
  [head, ...rows.map((row) => row.map(written))].map((row) => row.join('\t')).join('\n');

/** Every metric of a run, one line a step. */
export function metricsCsv(table: MetricTable): string {
  const names = [...table.columns.keys()].sort();
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = table.steps.map((step, i) =>
    [step, table.times[i], ...names.map((name) => written(table.columns.get(name)?.[i]))].join(','),
  );
  return [['step', 'time', ...names].map(quoted).join(','), ...rows, ''].join('\n');
}
