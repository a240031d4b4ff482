/** One line of the conformance run, wherever it was computed. */
import type { ConformanceReport } from './rules/report.ts';

export interface Line {
  /** Program that computed it: `rules`, `engine`, `torch`, `onnxruntime`, … */
  readonly stage: string;
  readonly name: string;
  readonly cases: number;
  readonly error: number;
  readonly limit: number;
  readonly ok: boolean;
  /** Failures, one sentence each. */
  readonly misses: readonly string[];
}

const SHOWN_MISSES = 5;

/** A file or a stage that could not be held against anything. */
export function miss(stage: string, name: string, why: string): Line {
  return { stage, name, cases: 0, error: 0, limit: 0, ok: false, misses: [why] };
}

/** A report without a case has proved nothing, so it is a miss. */
export function lineOf(stage: string, report: ConformanceReport, name = report.name): Line {
  const { cases, largestError, limit } = report;
  const misses = cases === 0 ? ['no case in it', ...report.failures] : report.failures;
  return { stage, name, cases, error: largestError, limit, ok: misses.length === 0, misses };
}

/** Several comparisons of one file as one line: cases added up, the error nearest to its limit, misses by name. */
export function summary(stage: string, name: string, lines: readonly Line[]): Line {
  const ratio = (line: Line) => (line.limit > 0 ? line.error / line.limit : line.error);
  const worst = lines.reduce((most, line) => (ratio(line) > ratio(most) ? line : most));
  return {
    stage,
    name,
    cases: lines.reduce((sum, line) => sum + line.cases, 0),
    error: worst.error,
    limit: worst.limit,
    ok: lines.every((line) => line.ok),
    misses: lines
      .filter((line) => !line.ok)
      .flatMap((line) =>
        line.misses.length > 0
          ? line.misses.map((text) => `${line.name}: ${text}`)
          : [`${line.name}: error ${line.error}, limit ${line.limit}`],
      ),
  };
}

export function print(line: Line): void {
  const numbers = `${String(line.cases).padStart(7)} cases   error ${short(line.error)}   limit ${short(line.limit)}`;
  console.log(`${line.ok ? 'ok  ' : 'MISS'}  ${line.stage.padEnd(12)} ${line.name.padEnd(34)} ${numbers}`);
  for (const text of line.misses.slice(0, SHOWN_MISSES)) console.log(`        ${text}`);
  if (line.misses.length > SHOWN_MISSES) console.log(`        and ${line.misses.length - SHOWN_MISSES} more`);
}

const short = (value: number): string => (value === 0 ? '0' : value.toExponential(1)).padEnd(8);
