/** Records of a step: its completions, and its metrics under TRL's names. */

import type { RewardRules } from '../../core/rewards/reward-rules.ts';
import type { ReadAnswer, SetRewards, VideoRewards } from '../../core/rewards/rewards.ts';
import { mean, variance } from '../../core/stats/moments.ts';
import type { CompletionRecord, GroupRecord } from '../../core/training/run.ts';
import type { EngineCompletion } from '../engine/protocol.ts';
import type { Rollout, VideoCompletions } from './rollout.ts';
import type { Metrics } from './stage-context.ts';

export function groupRecords(rollout: Rollout, step: number, stage: number): GroupRecord[] {
  return rollout.videos.map((video, i) => groupRecord(video, rollout.rewards[i]!, step, stage));
}

function groupRecord(
  video: VideoCompletions,
  rewards: VideoRewards,
  step: number,
  stage: number,
): GroupRecord {
  const { view } = video;
  const perturbed = view.perturbed.filter(({ video: changed }) => changed !== null);
  const perturbation = (k: number) => ({ mode: perturbed[k]!.mode, indices: perturbed[k]!.video!.indices });
  const oneEach = perturbed.length > 1;
  return {
    step,
    stage,
    video: view.item.path,
    mos: view.item.mos,
    frames: view.frames,
    indices: view.video.indices,
    perturbation: perturbed.length === 1 ? perturbation(0) : null,
    completions: video.clean.map((completion, k) => ({
      ...completionRecord(completion, video.cleanRead[k]!.score, rewards.raw, k),
      temporalRank: rewards.temporal?.rank.bonus[k] ?? 0,
      temporalRegression: rewards.temporal?.regression.bonus[k] ?? 0,
      reward: rewards.reward[k]!,
      advantage: hasSpread(rewards.reward) ? rewards.advantage.values[k]! : null,
    })),
    perturbedCompletions: (video.perturbed ?? []).map((completion, k) => ({
      ...completionRecord(completion, video.perturbedRead![k]!.score, rewards.perturbed!, k),
      ...(oneEach && { perturbation: perturbation(k) }),
    })),
  };
}

function completionRecord(
  completion: EngineCompletion,
  score: number | null,
  set: SetRewards,
  k: number,
): CompletionRecord {
  return {
    text: completion.text,
    tokens: completion.tokens.length,
    score,
    format: set.format[k]!,
    rank: set.rankScores[k] === null ? null : set.rank.reward[k]!,
    regression: set.regression[k]?.reward ?? null,
    temporalRank: 0,
    temporalRegression: 0,
    reward: null,
    advantage: null,
  };
}

/** Null for NaN and infinities, which JSON does not hold. */
export const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
const meanOf = (values: readonly number[]) => finiteOrNull(mean(values));
const stdOf = (values: readonly number[]) => finiteOrNull(Math.sqrt(variance(values, 'sample')));
/** False for a group whose rewards are all equal: it has no advantage. */
export const hasSpread = (rewards: readonly number[]): boolean => Math.max(...rewards) > Math.min(...rewards);
const share = (flags: readonly boolean[]) => meanOf(flags.map(Number));

/** [K], eq. 10 without the temporal bonus, which a perturbed video cannot earn. */
const rewardsWithoutBonus = (set: SetRewards, columns: RewardRules['columns']): number[] =>
  set.format.map(
    (format, k) =>
      columns.rank * set.rank.reward[k]! +
      columns.regression * (set.regression[k]?.reward ?? 0) +
      columns.format * format,
  );

/** Mean scores of clean and perturbed videos, over the videos where both have a readable completion. */
function scoreMetrics(videos: readonly VideoCompletions[]): Metrics {
  const scores = (read: readonly ReadAnswer[]) => read.flatMap(({ score }) => score ?? []);
  const pairs = videos.flatMap(({ cleanRead, perturbedRead }) => {
    const [clean, perturbed] = [scores(cleanRead), scores(perturbedRead ?? [])];
    return clean.length > 0 && perturbed.length > 0
      ? [{ clean: mean(clean), perturbed: mean(perturbed) }]
      : [];
  });
  return {
    'temporal/score': meanOf(pairs.map(({ clean }) => clean)),
    'perturbed/score': meanOf(pairs.map(({ perturbed }) => perturbed)),
    'temporal/margin': meanOf(pairs.map(({ clean, perturbed }) => clean - perturbed)),
    'temporal/preferred': share(pairs.map(({ clean, perturbed }) => clean > perturbed)),
  };
}

/** Metrics of a rollout: TRL's names, and this project's where TRL has none. */
export function rolloutMetrics(rollout: Rollout, { columns }: Pick<RewardRules, 'columns'>): Metrics {
  const { videos, rewards } = rollout;
  const completions = videos.flatMap((video) => video.clean);
  const lengths = completions.map(({ tokens }) => tokens.length);
  const ended = completions.filter(({ end }) => end === 'eos').map(({ tokens }) => tokens.length);
  const parts = {
    rank: rewards.flatMap((video) => video.rank),
    regression: rewards.flatMap((video) => video.regression),
    format: rewards.flatMap((video) => video.raw.format),
  };
  const perturbedSets = rewards.flatMap(({ perturbed }) => perturbed ?? []);
  const wins = rewards.flatMap(({ temporal, perturbed }) => (temporal && perturbed ? [temporal] : []));
  const perturbedViews = videos.flatMap(({ view }) => view.perturbed);
  return {
    reward: meanOf(rewards.flatMap((video) => video.reward)),
    reward_std: meanOf(rewards.map((video) => video.advantage.std)),
    ...Object.fromEntries(
      Object.entries(parts).flatMap(([name, values]) => [
        [`rewards/${name}/mean`, meanOf(values)],
        [`rewards/${name}/std`, stdOf(values)],
      ]),
    ),
    frac_reward_zero_std: share(rewards.map(({ reward }) => !hasSpread(reward))),
    unreadable: share(videos.flatMap((video) => video.cleanRead.map(({ score }) => score === null))),
    'completions/mean_length': meanOf(lengths),
    'completions/min_length': finiteOrNull(Math.min(...lengths)),
    'completions/max_length': finiteOrNull(Math.max(...lengths)),
    'completions/clipped_ratio': share(completions.map(({ end }) => end === 'length')),
    'completions/mean_terminated_length': meanOf(ended),
    ...(perturbedSets.length > 0 && {
      'perturbed/reward': meanOf(perturbedSets.flatMap((set) => rewardsWithoutBonus(set, columns))),
      ...scoreMetrics(videos),
    }),
    ...(perturbedViews.length > 0 && {
      'temporal/rank_won': share(wins.map((outcome) => outcome.rank.won)),
      'temporal/regression_won': share(wins.map((outcome) => outcome.regression.won)),
      'temporal/bonus': meanOf(
        wins.flatMap((outcome) => outcome.rank.bonus.map((bonus, k) => bonus + outcome.regression.bonus[k]!)),
      ),
      'temporal/unperturbable': share(perturbedViews.map(({ video }) => video === null)),
    }),
    'data/failed': rollout.failed,
    epoch: rollout.epoch,
  };
}
