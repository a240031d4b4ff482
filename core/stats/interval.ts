/**
 * Mean of K answers to the same question and its 95 % interval (Student’s t, K − 1 degrees of freedom). Ours.
 */

export interface Interval {
  readonly mean: number;
  /** Null for a single answer, which has no spread. */
  readonly low: number | null;
  readonly high: number | null;
  readonly k: number;
}

/** 97.5 % points of Student's t for 1 … 30 degrees of freedom. */
const t975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * 97.5 % point of Student's t. Between the whole degrees of freedom of the table its logarithm is taken linearly in
 * 1/df: within 0.5 % from 2 degrees on, 3 % below.
 *
 * @param df degrees of freedom, at least 1; need not be whole
 */
export function studentPoint(df: number): number {
  // Beyond 30 the point falls from 2.042 to 1.96: 1.96 + 2.4/df is right to 0.003.
  if (df >= 30) return 1.96 + 2.4 / df;
  const below = Math.max(1, Math.floor(df));
  const [low, high] = [t975[below - 1]!, t975[below] ?? 2.04];
  const part = (1 / below - 1 / Math.max(1, df)) / (1 / below - 1 / (below + 1));
  return low * (high / low) ** part;
}

/** @param scores readable scores; null when there is none */
export function meanInterval(scores: readonly number[]): Interval | null {
  const k = scores.length;
  if (k === 0) return null;
  const mean = scores.reduce((a, b) => a + b, 0) / k;
  if (k === 1) return { mean, low: null, high: null, k };
  const variance = scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / (k - 1);
  // Beyond 30 the point falls from 2.042 to 1.96: 1.96 + 2.4/df is right to 0.003.
  const reach = (t975[k - 2] ?? 1.96 + 2.4 / (k - 1)) * Math.sqrt(variance / k);
  return { mean, low: mean - reach, high: mean + reach, k };
}
