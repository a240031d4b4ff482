/** One line of the conformance run: a file of golden vectors held against the rules here. */

export interface ConformanceReport {
  /** File or stage, e.g. `frames`. */
  readonly name: string;
  readonly cases: number;
  /** One English line a miss; empty = ok. */
  readonly failures: readonly string[];
  /** The error nearest to its limit (or furthest past it), and that limit; 0 and 0 where equality is asked. */
  readonly largestError: number;
  readonly limit: number;
}

/** Lists of numbers, nested as the golden files nest them. */
export type Numbers = readonly (number | Numbers)[];

/** Collects the cases of one report. */
export interface Tally {
  /** Values must be equal as JSON; the numbers that JSON cannot write may be given as strings (`"NaN"`). */
  equal(label: string, actual: unknown, expected: unknown): void;
  /** |actual − expected| / max(1, |expected|) must stay within the limit, by default that of the report. */
  near(label: string, actual: number, expected: number, limit?: number): void;
  /** The same for every number of two lists of one shape. */
  nearAll(label: string, actual: Numbers, expected: Numbers, limit?: number): void;
  /** A miss in words. */
  fail(label: string, why: string): void;
  /** Counts one case more. */
  count(): void;
  report(): ConformanceReport;
}

/** `NaN` and the infinities as the golden files write them, minus zero as zero. */
function written(_key: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? value + 0 : String(value);
}

/** Absolute and relative at once; 0 for the same NaN or infinity, infinite where only one side is finite. */
function scaledError(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
}

export function tally(name: string, limit = 0): Tally {
  const failures: string[] = [];
  let cases = 0;
  let worst = { error: 0, limit };
  const self: Tally = {
    equal: (label, actual, expected) => {
      const [a, e] = [JSON.stringify(actual, written), JSON.stringify(expected, written)];
      if (a !== e) failures.push(`${label}: ${a} instead of ${e}`);
    },
    near: (label, actual, expected, fieldLimit = limit) => {
      const error = scaledError(actual, expected);
      // Fields of one file have different limits: kept is the error that is largest in units of its own.
      if (worst.error === 0 || error * worst.limit > worst.error * fieldLimit)
        worst = { error, limit: fieldLimit };
      if (!(error <= fieldLimit))
        failures.push(`${label}: ${actual} instead of ${expected} (limit ${fieldLimit})`);
    },
    nearAll: (label, actual, expected, fieldLimit = limit) => {
      if (!Array.isArray(expected) || actual.length !== expected.length)
        return self.fail(label, `${actual.length} values instead of ${expected?.length ?? 'a list'}`);
      for (const [k, got] of actual.entries()) {
        const want = expected[k]!;
        if (typeof got === 'number' && typeof want === 'number')
          self.near(`${label}[${k}]`, got, want, fieldLimit);
        else if (typeof got !== 'number' && typeof want !== 'number')
          self.nearAll(`${label}[${k}]`, got, want, fieldLimit);
        else self.fail(`${label}[${k}]`, 'a number on one side, a list on the other');
      }
    },
    fail: (label, why) => {
      failures.push(`${label}: ${why}`);
    },
    count: () => {
      cases++;
    },
    report: () => ({ name, cases, failures, largestError: worst.error, limit: worst.limit }),
  };
  return self;
}

/** Lists of a golden file, with the strings that stand for what JSON cannot write turned into numbers. */
export function goldenNumbers(values: Written): Numbers {
  return values.map((value) => (typeof value === 'object' ? goldenNumbers(value) : goldenNumber(value)));
}
export type Written = readonly (number | string | Written)[];

/** A number of a golden file: plain, or one of the strings that stand for what JSON cannot write. */
export function goldenNumber(value: number | string): number {
  return typeof value === 'number' ? value : Number(value);
}
