/** Group-relative advantages (eq. 2): how much better an answer is than the other answers to the same video. */
import type { AdvantageRules } from './rewardRules.ts';

export interface GroupAdvantage {
  readonly mean: number;
  /** Standard deviation of the K rewards; NaN for K = 1 with the sample form. */
  readonly std: number;
  /** std + ε. */
  readonly denominator: number;
  /** [K]; NaN where the denominator is 0 or NaN. */
  readonly values: readonly number[];
}

/** Mean taken about the first value, so that equal values give exactly that value and no rounding noise is blown up by 1/ε. */
export function mean(values: readonly number[]): number {
  const first = values[0];
  if (first === undefined) return Number.NaN;
  if (!Number.isFinite(first)) return values.reduce((sum, value) => sum + value, 0) / values.length;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

/** Variance about the mean, divided by n − 1 (`sample`; NaN for n = 1) or by n (`population`). */
export function variance(values: readonly number[], form: 'sample' | 'population'): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares / (values.length - (form === 'sample' ? 1 : 0));
}

/** @param rewards [K], the rewards of the K answers to one video */
export function groupAdvantage(rewards: readonly number[], rules: AdvantageRules): GroupAdvantage {
  const centre = mean(rewards);
  const std = Math.sqrt(variance(rewards, rules.deviation));
  const denominator = std + rules.epsilon;
  return { mean: centre, std, denominator, values: rewards.map((reward) => (reward - centre) / denominator) };
}
