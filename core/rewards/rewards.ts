/**
 * Rewards of a batch (eq. 4–6, 8, 10) and the advantages that follow, by the rules given. Every intermediate value is
 * in the result: the trainer logs it, the page shows it step by step. Held to the official code by
 * golden/rules/rewards.json and golden/rules/rewards_paper.json: change only with it.
 */

import {
  answerFormReward,
  formatReward,
  readAsOfficialTrain,
  readStrictly,
  type ScoreRange,
} from '../answer/answer.ts';
import { CodedError } from '../errors.ts';
import { asciiDigits } from '../text/python-text.ts';
import { batchAdvantages, type GroupAdvantage } from './advantage.ts';
import { rankRewards, type VideoRank } from './ranking.ts';
import { type RegressionReward, regressionReward } from './regression.ts';
import type { RewardRules } from './reward-rules.ts';
import { type TemporalOutcome, temporalBonuses } from './temporal.ts';

/** One answer as the rewards take it. */
export interface ReadAnswer {
  /** Null = unreadable. */
  readonly score: number | null;
  /** Digits after the point as written: 2 for "3.50". */
  readonly decimals: number;
  /** Eq. 4. */
  readonly format: 0 | 1;
}

/** One video with its K answers, and those to its perturbed copy where there is one. */
export interface AnsweredVideo {
  /** On the scale of the scores; null = not labelled, where the rules ask for no label. */
  readonly mos: number | null;
  readonly raw: readonly ReadAnswer[];
  readonly perturbed?: readonly ReadAnswer[] | null;
}

/** Rewards of one set of answers to one video. Lists are [K]; null where the answer is unreadable. */
export interface SetRewards {
  /** Scores as the rank reward took them, and as the regression reward did: drawn anew by each where `unreadable` is `drawn`. */
  readonly rankScores: readonly (number | null)[];
  readonly regressionScores: readonly (number | null)[];
  readonly rank: VideoRank;
  readonly regression: readonly (RegressionReward | null)[];
  readonly format: readonly number[];
  /** Answers without a score, drawn ones included. */
  readonly unreadable: number;
}

export interface VideoRewards {
  readonly raw: SetRewards;
  readonly perturbed: SetRewards | null;
  /** Null with `temporalOn: false`. */
  readonly temporal: TemporalOutcome | null;
  /** Columns [K] with the bonus in them; format is `raw.format`. */
  readonly rank: readonly number[];
  readonly regression: readonly number[];
  /** [K], eq. 10: the sum of the columns, each times its weight (1, but in ablations). */
  readonly reward: readonly number[];
  readonly advantage: GroupAdvantage;
}

/** A uniform integer from `low` to `high`, both included. */
export type DrawInteger = (low: number, high: number) => number;

/**
 * Reads a completion as the mode does. `paper`: last answer block, first number. `official`: last block or the whole
 * text, first number. `ours`: exactly one block that holds a number of the range and nothing else.
 */
export function readForReward(
  text: string,
  rules: Pick<RewardRules, 'parse' | 'reasoning'>,
  range: ScoreRange = [1, 5],
): ReadAnswer {
  const format = rules.reasoning ? formatReward(text) : answerFormReward(text);
  if (rules.parse === 'ours') {
    const { score, decimals } = readStrictly(text, range);
    return { score, decimals, format };
  }
  if (rules.parse === 'paper' && !/<answer>.*?<\/answer>/s.test(text))
    return { score: null, decimals: 0, format };
  const { answer, value } = readAsOfficialTrain(text);
  const decimals = /-?\d+(?:\.(\d+))?/.exec(asciiDigits(answer))?.[1]?.length ?? 0;
  return { score: value, decimals, format };
}

type Column = (number | null)[][];

/** The scores that one reward takes; an unreadable answer is drawn for, video by video, where the rules say so. */
function takeScores(
  sets: readonly (readonly ReadAnswer[])[],
  rules: RewardRules,
  draw: DrawInteger | undefined,
): Column {
  return sets.map((answers) =>
    answers.map(({ score }) => {
      if (score !== null || rules.unreadable === 'zero') return score;
      if (draw === undefined) throw new CodedError('reward/no-draws', {});
      return draw(1, 5);
    }),
  );
}

function setRewards(
  videos: readonly { mos: number | null; answers: readonly ReadAnswer[] }[],
  rules: RewardRules,
  draw: DrawInteger | undefined,
): SetRewards[] {
  const sets = videos.map((video) => video.answers);
  const rankScores = takeScores(sets, rules, draw);
  const rank = rankRewards(
    videos.map(({ mos }, i) => ({ mos, scores: rankScores[i]! })),
    rules,
  );
  const regressionScores = takeScores(sets, rules, draw);
  return videos.map(({ mos, answers }, i) => ({
    rankScores: rankScores[i]!,
    regressionScores: regressionScores[i]!,
    rank: rank[i]!,
    regression: regressionScores[i]!.map((score, k) =>
      score === null || mos === null ? null : regressionReward(score, answers[k]!.decimals, mos, rules),
    ),
    format: answers.map((answer) => answer.format),
    unreadable: answers.filter((answer) => answer.score === null).length,
  }));
}

/** Rank column with null for the answers that have no score. */
const readableRank = (set: SetRewards) =>
  set.rank.reward.map((reward, k) => (set.rankScores[k] === null ? null : reward));
const readableRegression = (set: SetRewards) => set.regression.map((reward) => reward?.reward ?? null);

function processRewards(
  videos: readonly AnsweredVideo[],
  rules: RewardRules,
  draw: DrawInteger | undefined,
): Rewarded[] {
  const raw = setRewards(
    videos.map(({ mos, raw: answers }) => ({ mos, answers })),
    rules,
    draw,
  );
  // A video that cannot be perturbed is no opponent among the perturbed ones.
  const perturbedVideos = videos.flatMap(({ mos, perturbed }, i) =>
    perturbed ? [{ i, mos, answers: perturbed }] : [],
  );
  const perturbedRewards = perturbedVideos.length === 0 ? [] : setRewards(perturbedVideos, rules, draw);
  const perturbed = videos.map((_, i) => {
    const at = perturbedVideos.findIndex((video) => video.i === i);
    return at < 0 ? null : withOpponents(perturbedRewards[at]!, (j) => perturbedVideos[j]!.i);
  });
  const temporal = rules.temporalOn
    ? temporalBonuses(
        raw.map((set, i) => {
          const copy = perturbed[i]!;
          return {
            rank: { raw: readableRank(set), perturbed: copy && readableRank(copy) },
            regression: { raw: readableRegression(set), perturbed: copy && readableRegression(copy) },
          };
        }),
        rules.temporal,
      )
    : null;
  return raw.map((set, i) => {
    const outcome = temporal?.[i] ?? null;
    const rank = set.rank.reward.map((reward, k) => reward + (outcome?.rank.bonus[k] ?? 0));
    const regression = set.regression.map(
      (reward, k) => (reward?.reward ?? 0) + (outcome?.regression.bonus[k] ?? 0),
    );
    const { columns } = rules;
    const reward = rank.map(
      (value, k) =>
        columns.rank * value + columns.regression * regression[k]! + columns.format * set.format[k]!,
    );
    return { raw: set, perturbed: perturbed[i]!, temporal: outcome, rank, regression, reward };
  });
}

/** Rewards of a video before the advantages, which may depend on the whole batch. */
type Rewarded = Omit<VideoRewards, 'advantage'>;

function withAdvantages(videos: readonly Rewarded[], { columns, advantage }: RewardRules): VideoRewards[] {
  const groups = videos.map(({ rank, regression, raw, reward }) => ({
    columns: [
      { weight: columns.rank, values: rank },
      { weight: columns.regression, values: regression },
      { weight: columns.format, values: raw.format },
    ],
    reward,
  }));
  const advantages = batchAdvantages(groups, advantage);
  return videos.map((video, i) => ({ ...video, advantage: advantages[i]! }));
}

/** Opponents of a subset, by their index in the whole batch. */
function withOpponents(set: SetRewards, indexOf: (j: number) => number): SetRewards {
  const pairs = set.rank.pairs.map((pair) => ({ ...pair, opponent: indexOf(pair.opponent) }));
  return { ...set, rank: { ...set.rank, pairs } };
}

/**
 * Rewards and advantages of a batch. With `rankOpponents: {processVideos}` the batch is cut into processes of so many
 * videos, each rewarded alone.
 *
 * @param draw source of the integers for unreadable answers; needed with `unreadable: 'drawn'`. Order of the draws:
 *   rank then regression reward of the raw set, rank then regression reward of the perturbed set
 * @throws CodedError `reward/no-opponent`, `reward/overflow` (rules with `failure: 'raise'`), `reward/no-draws`,
 *   `reward/no-label`
 */
export function batchRewards(
  videos: readonly AnsweredVideo[],
  rules: RewardRules,
  draw?: DrawInteger,
): VideoRewards[] {
  const size = rules.rankOpponents === 'batch' ? videos.length : rules.rankOpponents.processVideos;
  const rewards: Rewarded[] = [];
  for (let from = 0; from < videos.length; from += size)
    for (const video of processRewards(videos.slice(from, from + size), rules, draw))
      rewards.push({
        ...video,
        raw: withOpponents(video.raw, (j) => from + j),
        perturbed: video.perturbed && withOpponents(video.perturbed, (j) => from + j),
      });
  return withAdvantages(rewards, rules);
}
