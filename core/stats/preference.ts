/**
 * Preference between two sides from several answers to each: the difference of their means and its interval. Ours.
 */
import { studentPoint } from './interval.ts';
import { mean, variance } from './moments.ts';

export interface Preference {
  /** Mean of A minus mean of B. */
  readonly difference: number;
  /** Ends of the 95 % interval of the difference; null when a side has a single answer. */
  readonly low: number | null;
  readonly high: number | null;
  /** `unsure`: the interval contains 0. `single`: there is no interval. */
  readonly verdict: 'a' | 'b' | 'unsure' | 'single';
  /** Answers of the same number on both sides, and in how many of them A's is the higher one. */
  readonly pairs: number;
  readonly won: number;
}

/**
 * Welch's interval (unequal variances, Welch–Satterthwaite degrees of freedom). Answers that agree to the last digit on
 * both sides have an interval without width.
 *
 * @param a, b scores in the order of the answers; null = unreadable, left out
 * @returns null when a side has no readable answer
 */
export function preference(a: readonly (number | null)[], b: readonly (number | null)[]): Preference | null {
  const readable = (scores: readonly (number | null)[]) => scores.filter((score) => score !== null);
  const [first, second] = [readable(a), readable(b)];
  if (first.length === 0 || second.length === 0) return null;
  const difference = mean(first) - mean(second);
  const both = a.flatMap((score, k) => {
    const other = b[k];
    return score === null || other === null || other === undefined ? [] : [score > other];
  });
  const counts = { pairs: both.length, won: both.filter(Boolean).length };
  if (first.length === 1 || second.length === 1)
    return { difference, low: null, high: null, verdict: 'single', ...counts };
  const [u, v] = [first, second].map((scores) => variance(scores, 'sample') / scores.length) as [
    number,
    number,
  ];
  const df = (u + v) ** 2 / (u ** 2 / (first.length - 1) + v ** 2 / (second.length - 1));
  const reach = u + v === 0 ? 0 : studentPoint(df) * Math.sqrt(u + v);
  const [low, high] = [difference - reach, difference + reach];
  return { difference, low, high, verdict: low > 0 ? 'a' : high < 0 ? 'b' : 'unsure', ...counts };
}
