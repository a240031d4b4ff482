/** One line of the conformance run: a file of golden vectors held against the rules here. */

export interface ConformanceReport {
  /** File or stage, e.g. `frames`. */
  readonly name: string;
  readonly cases: number;
  /** One English line a miss; empty = ok. */
  readonly failures: readonly string[];
  /** Largest error seen, in the unit of `limit`; 0 and 0 where equality is asked. */
  readonly largestError: number;
  readonly limit: number;
}

/** Collects the cases of one report. */
export interface Tally {
  /** Values must be equal as JSON; the numbers that JSON cannot write may be given as strings (`"NaN"`). */
  equal(label: string, actual: unknown, expected: unknown): void;
  /** The absolute error must stay within the limit. */
  near(label: string, actual: number, expected: number): void;
  /** Counts one case more. */
  count(): void;
  report(): ConformanceReport;
}

/** `NaN` and the infinities as the golden files write them, minus zero as zero. */
function written(_key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? value + 0 : String(value);
}

export function tally(name: string, limit = 0): Tally {
  const failures: string[] = [];
  let cases = 0;
  let largestError = 0;
  return {
    equal: (label, actual, expected) => {
      const [a, e] = [JSON.stringify(actual, written), JSON.stringify(expected, written)];
      if (a !== e) failures.push(`${label}: ${a} instead of ${e}`);
    },
    near: (label, actual, expected) => {
      const error = Object.is(actual, expected) ? 0 : Math.abs(actual - expected);
      largestError = Math.max(largestError, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
      if (!(error <= limit)) failures.push(`${label}: ${actual} instead of ${expected}`);
    },
    count: () => {
      cases++;
    },
    report: () => ({ name, cases, failures, largestError, limit }),
  };
}

/** A number of a golden file: plain, or one of the strings that stand for what JSON cannot write. */
export function goldenNumber(value: number | string): number {
  return typeof value === 'number' ? value : Number(value);
}
