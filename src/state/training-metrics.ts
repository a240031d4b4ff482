/**
 * Metrics of a run as columns over steps. Records may come twice (a replayed event, a resume that repeats steps) and in
 * parts (an evaluation writes its own record for the same step): the later value of a name stands.
 */
import type { MetricRecord } from '../core/training/run.ts';

/** A number; null = written and not defined (a gap); undefined = not written at this step (no gap). */
export type Cell = number | null | undefined;

export interface MetricTable {
  /** Ascending, each once. */
  readonly steps: readonly number[];
  /** Unix seconds of the last record of each step. */
  readonly times: readonly number[];
  readonly columns: ReadonlyMap<string, readonly Cell[]>;
}

export interface GrowingTable extends MetricTable {
  /** Takes records in any order. */
  add(records: readonly MetricRecord[]): void;
}

/** First place whose step is not below `step`. */
export function placeOf(steps: readonly number[], step: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle]! < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function metricTable(): GrowingTable {
  const steps: number[] = [];
  const times: number[] = [];
  const columns = new Map<string, Cell[]>();

  function put({ step, time, values }: MetricRecord): void {
    // Records nearly always come in order, so that the end is looked at first.
    const last = steps.at(-1);
    const at = last === undefined || step > last ? steps.length : placeOf(steps, step);
    if (steps[at] !== step) {
      steps.splice(at, 0, step);
      times.splice(at, 0, time);
      for (const column of columns.values()) if (at < column.length) column.splice(at, 0, undefined);
    }
    times[at] = Math.max(times[at]!, time);
    for (const [name, value] of Object.entries(values)) {
      let column = columns.get(name);
      if (!column) {
        column = [];
        columns.set(name, column);
      }
      while (column.length < at) column.push(undefined);
      column[at] = value;
    }
  }

  return {
    steps,
    times,
    columns,
    add(records) {
      for (const record of records) put(record);
    },
  };
}

/** A pause longer than so many median steps is none of the run's time. */
const PAUSE_STEPS = 20;
const PAUSE_SECONDS = 60;

/**
 * Hours of work at each step, from the first record on. A pause counts as one median step, so that a run that lay still
 * overnight can be laid over one that did not.
 */
export function runningHours({ times }: Pick<MetricTable, 'times'>): number[] {
  const gaps = times.slice(1).map((time, i) => Math.max(0, time - times[i]!));
  const sorted = [...gaps].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  const longest = Math.max(PAUSE_SECONDS, median * PAUSE_STEPS);
  let seconds = 0;
  return times.map((_, i) => {
    if (i > 0) seconds += gaps[i - 1]! > longest ? median : gaps[i - 1]!;
    return seconds / 3600;
  });
}

/** Last defined value of the first of these names that has one. */
export function lastValue(table: MetricTable, names: readonly string[]): number | null {
  for (const name of names) {
    const value = table.columns.get(name)?.findLast((cell) => typeof cell === 'number');
    if (typeof value === 'number') return value;
  }
  return null;
}
