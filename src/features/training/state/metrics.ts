/**
 * Metrics of a run as columns over steps. A record of a step that was there before replaces it and everything after it:
 * the run went back to a checkpoint, or the events since a break are told again.
 */
import type { MetricRecord } from '../../../../core/training/run.ts';

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
  /** Takes records in the order in which they were written. */
  add(records: readonly MetricRecord[]): void;
  /** Forgets everything and begins with these. */
  replace(records: readonly MetricRecord[]): void;
}

/** First place whose step is not below `step`. */
export function stepIndex(steps: readonly number[], step: number): number {
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

  function cut(length: number): void {
    steps.length = Math.min(steps.length, length);
    times.length = Math.min(times.length, length);
    for (const column of columns.values()) column.length = Math.min(column.length, length);
  }

  function put({ step, time, values }: MetricRecord): void {
    const last = steps.at(-1);
    if (last !== undefined && step <= last) cut(stepIndex(steps, step));
    const at = steps.length;
    steps.push(step);
    times.push(time);
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

  const add = (records: readonly MetricRecord[]) => {
    for (const record of records) put(record);
  };
  return {
    steps,
    times,
    columns,
    add,
    replace(records) {
      cut(0);
      columns.clear();
      add(records);
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
