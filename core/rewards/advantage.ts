/**
 * Group-relative advantages (eq. 2): the reward of a completion against those of the same video. Held to the official
 * code by golden/rules/rewards_paper.json: change only with it.
 */
import { mean, variance } from '../stats/moments.ts';
import type { AdvantageRules } from './reward-rules.ts';

export interface GroupAdvantage {
  readonly mean: number;
  /** Standard deviation of the K rewards; NaN for K = 1 with the sample form. */
  readonly std: number;
  /** std + ε. */
  readonly denominator: number;
  /** [K]; NaN where the denominator is 0 or NaN. */
  readonly values: readonly number[];
}

/** @param rewards [K], the rewards of the K answers to one video */
export function groupAdvantage(rewards: readonly number[], rules: AdvantageRules): GroupAdvantage {
  const centre = mean(rewards);
  const std = Math.sqrt(variance(rewards, rules.deviation));
  const denominator = std + rules.epsilon;
  return { mean: centre, std, denominator, values: rewards.map((reward) => (reward - centre) / denominator) };
}
