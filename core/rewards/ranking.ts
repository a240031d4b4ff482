/**
 * Rank reward (eq. 6): the probability that the K scores of a video stand on the right side of those of each other
 * video. The scores of a video are taken as a normal distribution (Thurstone), so that the comparison is a
 * probability and not a vote. Held to the official code by golden/rules/rewards.json and
 * golden/rules/rewards_paper.json: change only with it.
 */
import { CodedError } from '../errors.ts';
import { mean, variance } from '../stats/moments.ts';
import { normalTails } from '../stats/normal.ts';
import type { RewardRules } from './reward-rules.ts';

/** Scores that the K answers to one video gave; null = unreadable. */
interface RankedVideo {
  /** Null = not labelled; its pairs are ranked by votes only. */
  readonly mos: number | null;
  readonly scores: readonly (number | null)[];
}

/** Video against one opponent. Lists are [K]; null for an unreadable answer. */
export interface PairRank {
  /** Index of the opponent in the list of videos. */
  readonly opponent: number;
  /** sqrt(var_i + var_j + ε). */
  readonly denominator: number;
  /** (s_k − mean_j) / denominator. */
  readonly z: readonly (number | null)[];
  /** Probability that this video is the better one, Φ(z). */
  readonly p: readonly (number | null)[];
  /** 1 − p, computed as Φ(−z) where that is the smaller one. */
  readonly q: readonly (number | null)[];
  /**
   * Indicators of eq. 6: this video's MOS (or share of votes) is the larger, the smaller; 0.5 and 0.5, or 0 and 0, for
   * equal ones.
   */
  readonly better: number;
  readonly worse: number;
  /** Eq. 6. */
  readonly reward: readonly (number | null)[];
}

export interface VideoRank {
  /** Of the readable scores; null without any. */
  readonly mean: number | null;
  readonly variance: number | null;
  readonly pairs: readonly PairRank[];
  /** [K], mean of eq. 6 over the opponents; 0 for an unreadable answer and where there is no opponent. */
  readonly reward: readonly number[];
}

type RankRules = Pick<
  RewardRules,
  'scoreVariance' | 'varianceOfOne' | 'pairEpsilon' | 'equalMos' | 'rankTruth' | 'failure'
>;

interface Moments {
  readonly mean: number;
  readonly variance: number;
}

function moments(scores: readonly (number | null)[], rules: RankRules): Moments | null {
  const readable = scores.filter((score) => score !== null);
  if (readable.length === 0) return null;
  const lone = readable.length === 1 && rules.varianceOfOne === 'zero';
  return { mean: mean(readable), variance: lone ? 0 : variance(readable, rules.scoreVariance) };
}

function indicator(video: number, opposing: number, rules: RankRules): number {
  if (video === opposing) return rules.equalMos === 'half' ? 0.5 : 0;
  return video > opposing ? 1 : 0;
}

/** Share of the comparisons of two videos' scores that the first one wins, from 0 to 1; a tie counts one half. */
export function voteShare(scores: readonly (number | null)[], opposing: readonly (number | null)[]): number {
  const readable = scores.filter((score) => score !== null);
  const others = opposing.filter((score) => score !== null);
  let won = 0;
  for (const score of readable)
    for (const other of others) won += score === other ? 0.5 : Number(score > other);
  return won / (readable.length * others.length);
}

/** Values that the indicators compare: both MOS, or both shares of the votes. */
function truthOf(video: RankedVideo, opposing: RankedVideo, rules: RankRules): readonly [number, number] {
  if (rules.rankTruth === 'votes') {
    const share = voteShare(video.scores, opposing.scores);
    return [share, 1 - share];
  }
  if (video.mos === null || opposing.mos === null) throw new CodedError('reward/no-label', {});
  return [video.mos, opposing.mos];
}

function pairRank(
  video: RankedVideo,
  moment: Moments,
  opposing: RankedVideo,
  other: Moments,
  opponent: number,
  rules: RankRules,
): PairRank {
  const denominator = Math.sqrt(moment.variance + other.variance + rules.pairEpsilon);
  const [first, second] = truthOf(video, opposing, rules);
  const better = indicator(first, second, rules);
  const worse = indicator(second, first, rules);
  const z = video.scores.map((score) => (score === null ? null : (score - other.mean) / denominator));
  // An infinite score or an undefined variance gives ½, as in the released code.
  const tails = z.map((value) =>
    value === null ? null : Number.isNaN(value) ? { lower: 0.5, upper: 0.5 } : normalTails(value),
  );
  const p = tails.map((tail) => tail?.lower ?? null);
  const q = tails.map((tail) => tail?.upper ?? null);
  const reward = p.map((value, k) =>
    value === null
      ? null
      : Math.sqrt(value * better + rules.pairEpsilon) + Math.sqrt(q[k]! * worse + rules.pairEpsilon),
  );
  return { opponent, denominator, z, p, q, better, worse, reward };
}

/**
 * Rank rewards of videos that are each other's opponents. A video without a readable answer is no opponent.
 *
 * @throws CodedError `reward/no-opponent` for a single video where the rules ask for it (the released code divides by 0),
 *   `reward/no-label` for a video without MOS where its MOS is asked for
 */
export function rankRewards(videos: readonly RankedVideo[], rules: RankRules): VideoRank[] {
  if (rules.failure === 'raise' && videos.length === 1)
    throw new CodedError('reward/no-opponent', { videos: 1, python: 'ZeroDivisionError' });
  const all = videos.map((video) => moments(video.scores, rules));
  return videos.map((video, i) => {
    const moment = all[i]!;
    const none = video.scores.map(() => 0);
    if (moment === null) return { mean: null, variance: null, pairs: [], reward: none };
    const pairs: PairRank[] = [];
    for (const [j, other] of all.entries())
      if (j !== i && other !== null) pairs.push(pairRank(video, moment, videos[j]!, other, j, rules));
    const reward =
      pairs.length === 0
        ? none
        : video.scores.map(
            (_, k) => pairs.reduce((sum, pair) => sum + (pair.reward[k] ?? 0), 0) / pairs.length,
          );
    return { mean: moment.mean, variance: moment.variance, pairs, reward };
  });
}
