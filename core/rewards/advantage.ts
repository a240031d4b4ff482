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
export function groupAdvantage(
  rewards: readonly number[],
  rules: Pick<AdvantageRules, 'epsilon' | 'deviation'>,
): GroupAdvantage {
  const centre = mean(rewards);
  const std = Math.sqrt(variance(rewards, rules.deviation));
  const denominator = std + rules.epsilon;
  return { mean: centre, std, denominator, values: rewards.map((reward) => (reward - centre) / denominator) };
}

/** Rewards of a video: K of each column, and their weighted sum. */
export interface GroupRewards {
  readonly columns: readonly { readonly weight: number; readonly values: readonly number[] }[];
  readonly reward: readonly number[];
}

/** Advantages of a batch, whose scale may be that of all its rewards. `mean` and `std` are the group's in every case. */
export function batchAdvantages(groups: readonly GroupRewards[], rules: AdvantageRules): GroupAdvantage[] {
  const alone = groups.map(({ reward }) => groupAdvantage(reward, rules));
  if (rules.order === 'normalizeThenSum') {
    const sums = groups.map(({ columns, reward }) => {
      const normalised = columns.map(({ weight, values }) =>
        groupAdvantage(values, rules).values.map((value) => weight * value),
      );
      return reward.map((_, k) => normalised.reduce((total, column) => total + column[k]!, 0));
    });
    const whole = groupAdvantage(sums.flat(), rules);
    return alone.map((group, i) => ({
      ...group,
      denominator: whole.denominator,
      values: sums[i]!.map((value) => (value - whole.mean) / whole.denominator),
    }));
  }
  if (rules.scale === 'group') return alone;
  const all = groups.flatMap(({ reward }) => reward);
  const denominator = rules.scale === 'none' ? 1 : groupAdvantage(all, rules).denominator;
  return alone.map((group, i) => ({
    ...group,
    denominator,
    values: groups[i]!.reward.map((reward) => (reward - group.mean) / denominator),
  }));
}
