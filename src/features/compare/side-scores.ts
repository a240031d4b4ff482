/** Statistics of the scores of a side, and the preference between both. */
import { meanInterval } from '../../../core/stats/interval.ts';
import { variance } from '../../../core/stats/moments.ts';
import { type Preference, preference } from '../../../core/stats/preference.ts';
import type { Answer, SideRun } from './state/assess.ts';

export interface SideScores {
  /** Score of each answer, null = unreadable. */
  readonly scores: readonly (number | null)[];
  readonly readable: readonly number[];
  readonly mean: number;
  /** 95 % interval of the mean; null for one answer. */
  readonly interval: readonly [number, number] | null;
  /** Standard deviation; null for one answer. */
  readonly deviation: number | null;
  /** Mean of the expected scores over the digit probabilities; null without any. */
  readonly expected: number | null;
  /** Share of the answers within ±0.1 of the mean, 0 … 1. */
  readonly agreement: number;
}

/** Largest distance from the mean that counts as agreement. */
const CLOSE = 0.1;

export const scoresOf = (answers: readonly Answer[]): (number | null)[] =>
  answers.map(({ reading }) => reading?.score ?? null);

/** @returns null when no answer can be read */
export function sideScores(run: SideRun | null): SideScores | null {
  if (!run) return null;
  const scores = scoresOf(run.answers);
  const readable = scores.filter((score) => score !== null);
  const interval = meanInterval(readable);
  if (!interval) return null;
  const expected = run.answers.flatMap(({ raw, reading }) =>
    raw.expected !== null && reading?.score != null ? [raw.expected] : [],
  );
  return {
    scores,
    readable,
    mean: interval.mean,
    interval: interval.low !== null && interval.high !== null ? [interval.low, interval.high] : null,
    deviation: readable.length > 1 ? Math.sqrt(variance(readable, 'sample')) : null,
    expected: expected.length > 0 ? expected.reduce((sum, value) => sum + value, 0) / expected.length : null,
    agreement:
      readable.filter((score) => Math.abs(score - interval.mean) <= CLOSE + 1e-9).length / readable.length,
  };
}

export function preferenceOf(a: SideRun | null, b: SideRun | null): Preference | null {
  return a && b ? preference(scoresOf(a.answers), scoresOf(b.answers)) : null;
}
