/** What is written down of a step: its completions, and its figures under TRL's names. */

import type { RewardRules } from '../../core/rewards/reward-rules.ts';
import type { ReadAnswer, SetRewards, VideoRewards } from '../../core/rewards/rewards.ts';
import { mean, variance } from '../../core/stats/moments.ts';
import type { AnswerRecord, CompletionRecord } from '../../core/training/run.ts';
import type { EngineCompletion } from '../engine/protocol.ts';
import type { Answered, Rollout } from './rollout.ts';
import type { Values } from './setting.ts';

export function completionRecords(rollout: Rollout, step: number, stage: number): CompletionRecord[] {
  return rollout.answered.map((video, i) => completionRecord(video, rollout.rewards[i]!, step, stage));
}

function completionRecord(
  video: Answered,
  rewards: VideoRewards,
  step: number,
  stage: number,
): CompletionRecord {
  const { view } = video;
  const shown = view.damages.filter((damage) => damage.video !== null);
  const seen = (k: number) => ({ mode: shown[k]!.mode, indices: shown[k]!.video!.indices });
  const each = shown.length > 1;
  return {
    step,
    stage,
    video: view.item.path,
    mos: view.item.mos,
    frames: view.frames,
    indices: view.video.indices,
    perturbation: shown.length === 1 ? seen(0) : null,
    answers: video.answers.map((answer, k) => ({
      ...answerRecord(answer, video.read[k]!.score, rewards.raw, k),
      temporalRank: rewards.temporal?.rank.bonus[k] ?? 0,
      temporalRegression: rewards.temporal?.regression.bonus[k] ?? 0,
      reward: rewards.reward[k]!,
      advantage: rewards.advantage.std > 0 ? rewards.advantage.values[k]! : null,
    })),
    perturbedAnswers: (video.perturbedAnswers ?? []).map((answer, k) => ({
      ...answerRecord(answer, video.perturbedRead![k]!.score, rewards.perturbed!, k),
      ...(each && { perturbation: seen(k) }),
    })),
  };
}

function answerRecord(
  answer: EngineCompletion,
  score: number | null,
  set: SetRewards,
  k: number,
): AnswerRecord {
  return {
    text: answer.text,
    tokens: answer.tokens.length,
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

/** NaN and infinities are not figures. */
export const figure = (value: number): number | null => (Number.isFinite(value) ? value : null);
const meanOf = (values: readonly number[]) => figure(mean(values));
const stdOf = (values: readonly number[]) => figure(Math.sqrt(variance(values, 'sample')));
const share = (flags: readonly boolean[]) => meanOf(flags.map(Number));

/** [K], eq. 10 without a temporal bonus, which no damaged copy can earn. */
const plainRewards = (set: SetRewards, columns: RewardRules['columns']): number[] =>
  set.format.map(
    (format, k) =>
      columns.rank * set.rank.reward[k]! +
      columns.regression * (set.regression[k]?.reward ?? 0) +
      columns.format * format,
  );

/** Mean scores of videos and of their damaged copies, over the videos where both sides have a readable answer. */
function scoreValues(answered: readonly Answered[]): Values {
  const scores = (read: readonly ReadAnswer[]) => read.flatMap(({ score }) => score ?? []);
  const pairs = answered.flatMap(({ read, perturbedRead }) => {
    const [raw, copy] = [scores(read), scores(perturbedRead ?? [])];
    return raw.length > 0 && copy.length > 0 ? [{ raw: mean(raw), copy: mean(copy) }] : [];
  });
  return {
    'temporal/score': meanOf(pairs.map(({ raw }) => raw)),
    'perturbed/score': meanOf(pairs.map(({ copy }) => copy)),
    'temporal/margin': meanOf(pairs.map(({ raw, copy }) => raw - copy)),
    'temporal/preferred': share(pairs.map(({ raw, copy }) => raw > copy)),
  };
}

/** Figures of a rollout: TRL's names, ours beside them where TRL has none. */
export function rolloutValues(rollout: Rollout, { columns }: Pick<RewardRules, 'columns'>): Values {
  const { answered, rewards } = rollout;
  const answers = answered.flatMap((video) => video.answers);
  const lengths = answers.map((answer) => answer.tokens.length);
  const ended = answers.filter((answer) => answer.end === 'eos').map((answer) => answer.tokens.length);
  const parts = {
    rank: rewards.flatMap((video) => video.rank),
    regression: rewards.flatMap((video) => video.regression),
    format: rewards.flatMap((video) => video.raw.format),
  };
  const copied = rewards.flatMap(({ perturbed }) => perturbed ?? []);
  const wins = rewards.flatMap(({ temporal, perturbed }) => (temporal && perturbed ? [temporal] : []));
  const damages = answered.flatMap((video) => video.view.damages);
  return {
    reward: meanOf(rewards.flatMap((video) => video.reward)),
    reward_std: meanOf(rewards.map((video) => video.advantage.std)),
    ...Object.fromEntries(
      Object.entries(parts).flatMap(([name, values]) => [
        [`rewards/${name}/mean`, meanOf(values)],
        [`rewards/${name}/std`, stdOf(values)],
      ]),
    ),
    frac_reward_zero_std: share(rewards.map((video) => video.advantage.std === 0)),
    unreadable: share(answered.flatMap((video) => video.read.map(({ score }) => score === null))),
    'completions/mean_length': meanOf(lengths),
    'completions/min_length': figure(Math.min(...lengths)),
    'completions/max_length': figure(Math.max(...lengths)),
    'completions/clipped_ratio': share(answers.map((answer) => answer.end === 'length')),
    'completions/mean_terminated_length': meanOf(ended),
    ...(copied.length > 0 && {
      'perturbed/reward': meanOf(copied.flatMap((set) => plainRewards(set, columns))),
      ...scoreValues(answered),
    }),
    ...(damages.length > 0 && {
      'temporal/rank_won': share(wins.map((outcome) => outcome.rank.won)),
      'temporal/regression_won': share(wins.map((outcome) => outcome.regression.won)),
      'temporal/bonus': meanOf(
        wins.flatMap((outcome) => outcome.rank.bonus.map((bonus, k) => bonus + outcome.regression.bonus[k]!)),
      ),
      'temporal/unperturbable': share(damages.map((damage) => damage.video === null)),
    }),
    'data/failed': rollout.failed,
    epoch: rollout.epoch,
  };
}
