/** The objectives of stages: one optimiser step, or the steps on one rollout. */

import type { Recipe } from '../../core/training/recipe.ts';
import type { GrpoStage, Stage } from '../../core/training/recipe-stages.ts';
import type { GroupRecord } from '../../core/training/run.ts';
import type { Params } from '../engine/protocol.ts';
import { resamplers, sampleStep } from './dynamic-sampling.ts';
import { finiteOrNull, groupRecords, rolloutMetrics } from './records.ts';
import { type Rollout, videosOf, viewsOf } from './rollout.ts';
import { Sampler } from './sampler.ts';
import { learningRate } from './schedule.ts';
import type { Metrics, StageContext } from './stage-context.ts';
import { cleanVideo, type View } from './views.ts';

/** Outcome of one optimiser step. */
export interface StepResult {
  readonly metrics: Metrics;
  /** Records of the rollout; none where the step uses an earlier one. */
  readonly completions: (step: number, stage: number) => GroupRecord[];
  /** Tokens in the optimiser step, prompts included. */
  readonly tokens: number;
}

export interface Objective {
  /** Optimiser steps of the stage in all. */
  readonly steps: number;
  /** Steps of a round, all on one rollout; checkpoints are written between rounds. */
  readonly stepsPerRound: number;
  /** The steps of round `round` (from 0), in order; a function of (seed, round, weights) alone. */
  round(round: number, lrFactor: number): AsyncGenerator<StepResult>;
}

/** @throws CodedError `train/recipe` when the sources have fewer videos than a step */
export function objectiveOf(context: StageContext): Objective {
  const { stage } = context;
  switch (stage.objective) {
    case 'grpo':
      return grpo({ ...context, stage });
    case 'sft':
    case 'regression_pretrain':
      return supervised({ ...context, stage });
    case 'fit':
      return closedForm({ ...context, stage });
  }
}

/** Videos in a step of a stage; null = all at once. */
function videosPerStep(stage: Stage, recipe: Recipe): number | null {
  if (stage.objective === 'fit') return null;
  return stage.objective === 'grpo' ? recipe.rules.videosPerStep : stage.videosPerStep;
}

/**
 * Optimiser steps of a stage with so many videos.
 *
 * @throws CodedError `train/recipe` when there are too few of them
 */
export function stepsOf(stage: Stage, recipe: Recipe, videos: number): number {
  const size = videosPerStep(stage, recipe);
  if (size === null) return 1;
  const { batchesPerEpoch } = new Sampler(videos, size, '');
  const iterations = stage.objective === 'grpo' ? stage.iterations : 1;
  return stage.steps ?? Math.floor(stage.epochs! * batchesPerEpoch) * iterations;
}

const stepParams = (context: StageContext, lr: number) => ({
  prompt: context.prompt,
  lr,
  maxGradNorm: context.stage.optimiser.maxGradNorm,
  maxTokensPerRow: context.recipe.engine.packTokens,
});

function grpo(context: StageContext<GrpoStage>): Objective {
  const { stage, recipe, engine } = context;
  const sampler = new Sampler(context.train.length, recipe.rules.videosPerStep, context.seed);
  const further = resamplers(context);
  const steps = stepsOf(stage, recipe, context.train.length);
  let ahead: { round: number; views: Promise<View[]> } | null = null;
  let decoded: Promise<unknown> = Promise.resolve();

  /** The views of a round; those of the next are prepared meanwhile, to be decoded during the update. */
  function prepareViews(round: number): Promise<View[]> {
    const views = ahead?.round === round ? ahead.views : viewsOf(context, sampler, round);
    ahead = null;
    if (recipe.engine.prefetch && (round + 1) * stage.iterations < steps) {
      ahead = { round: round + 1, views: views.then(() => viewsOf(context, sampler, round + 1)) };
      ahead.views.catch(() => {}); // awaited again in its round
    }
    return views;
  }

  /**
   * Queued behind the update, decoded beside it. The rollout meets the same faults again and counts them.
   */
  async function prefetch(): Promise<void> {
    const next = await ahead?.views.catch(() => []);
    if (next && next.length > 0) decoded = engine.call('encode', { videos: videosOf(next) }).catch(() => {});
  }

  return {
    steps,
    stepsPerRound: stage.iterations,
    async *round(round, lrFactor) {
      const begun = performance.now();
      const views = await prepareViews(round);
      await decoded;
      const waited = (performance.now() - begun) / 1000;
      const {
        all: rollout,
        trained,
        metrics: sampled,
      } = await sampleStep(context, sampler, further, round, views);
      const rolled = { ...rolloutMetrics(rollout, recipe.rules), ...sampled };
      const batch = batchOf(trained, stage);
      for (let iteration = 0; iteration < stage.iterations; iteration++) {
        const lr = learningRate(stage, round * stage.iterations + iteration, steps) * lrFactor;
        const started = performance.now();
        const first = iteration === 0;
        const updated = update(batch, lr);
        updated.catch(() => {}); // awaited below
        if (first) await prefetch();
        const { metrics, seconds } = await updated;
        yield {
          metrics: {
            ...metrics,
            ...rolled,
            learning_rate: lr,
            'seconds/videos': first ? waited : 0,
            'seconds/rollout': first ? rollout.seconds.engine : 0,
            ...(first && prefixed('seconds/rollout/', rollout.phases)),
            'seconds/reward': first ? rollout.seconds.reward : 0,
            'seconds/update': (performance.now() - started) / 1000,
            ...prefixed('seconds/update/', seconds),
          },
          completions: (at, index) => (first ? groupRecords(rollout, at, index) : []),
          tokens: metrics.num_tokens ?? 0,
        };
      }
    },
  };

  async function update(batch: UpdateBatch, lr: number) {
    // All videos of a batch may be unreadable, or all answers too long: no step is taken, and the schedule continues.
    if (batch.groups.length === 0) return { metrics: {}, seconds: {} };
    return engine.call('update', {
      ...stepParams(context, lr),
      ...batch,
      beta: stage.beta,
      clip: { low: stage.epsilonLow, high: stage.epsilonHigh, delta: stage.ratioCap },
      lossType: stage.lossType,
      sapoTemperature: stage.sapoTemperature,
      maxCompletionLength: stage.maxTokens,
    });
  }
}

type UpdateBatch = Pick<Params<'update'>, 'groups' | 'maskedCompletions'>;

/** The completions of a rollout with their advantages; those that were cut off are left out where the stage says so. */
function batchOf(
  { videos, rewards }: Rollout,
  { iterations, maskTruncated }: Pick<GrpoStage, 'iterations' | 'maskTruncated'>,
): UpdateBatch {
  const groups = videos.map(({ view, clean }, i) => ({
    video: view.video,
    completions: clean.flatMap(({ tokens, logps, end }, k) =>
      maskTruncated && end === 'length'
        ? []
        : [
            {
              tokens,
              ...(iterations > 1 && { oldLogps: logps }),
              advantage: finiteOrNull(rewards[i]!.advantage.values[k]!) ?? 0,
            },
          ],
    ),
  }));
  const written = videos.reduce((sum, { clean }) => sum + clean.length, 0);
  const sent = groups.reduce((sum, { completions }) => sum + completions.length, 0);
  return {
    groups: groups.filter(({ completions }) => completions.length > 0),
    maskedCompletions: written - sent,
  };
}

const prefixed = (prefix: string, values: Readonly<Record<string, number>>): Metrics =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

type Supervised = Extract<Stage, { objective: 'sft' | 'regression_pretrain' }>;

/** `<answer>3.42</answer>`: the SFT row of Table 7. */
export const scoreText = (mos: number): string => `<answer>${mos.toFixed(2)}</answer>`;

function supervised(context: StageContext<Supervised>): Objective {
  const { stage, engine, train } = context;
  const sampler = new Sampler(train.length, stage.videosPerStep, context.seed);
  const steps = stepsOf(stage, context.recipe, train.length);
  return {
    steps,
    stepsPerRound: 1,
    async *round(round, lrFactor) {
      const lr = learningRate(stage, round, steps) * lrFactor;
      const started = performance.now();
      const items = sampler.batch(round).map((index) => train[index]!);
      const frames = await context.counts.of(items);
      const examples = items.flatMap((item, i) =>
        frames[i] === 0 ? [] : [{ item, video: cleanVideo(item, frames[i]!, context.profile) }],
      );
      const { metrics, seconds } = examples.length === 0 ? { metrics: {}, seconds: {} } : await step();
      yield {
        metrics: {
          ...metrics,
          learning_rate: lr,
          'data/failed': items.length - examples.length,
          epoch: sampler.epochOf(round),
          'seconds/update': (performance.now() - started) / 1000,
          ...prefixed('seconds/update/', seconds),
        },
        completions: () => [],
        tokens: metrics.num_tokens ?? 0,
      };

      function step() {
        if (stage.objective === 'sft')
          return engine.call('sft', {
            ...stepParams(context, lr),
            examples: examples.map(({ item, video }) => ({
              video,
              text: stage.texts === 'score' ? scoreText(item.mos!) : item.text!,
            })),
          });
        const { maxTokensPerRow: _, prompt: __, ...rest } = stepParams(context, lr);
        return engine.call('regression_pretrain', {
          ...rest,
          names: stage.targets,
          examples: examples.map(({ item, video }) => ({
            video,
            targets: stage.targets.map((name) => item.targets?.[name] ?? null),
          })),
        });
      }
    },
  };
}

/** All videos at once; one step. */
function closedForm(context: StageContext<Extract<Stage, { objective: 'fit' }>>): Objective {
  const { stage, engine, train } = context;
  return {
    steps: 1,
    stepsPerRound: 1,
    async *round() {
      const frames = await context.counts.of(train);
      const { metrics, seconds } = await engine.call('fit', {
        ridge: stage.ridge,
        examples: train.flatMap((item, i) =>
          frames[i] === 0
            ? []
            : [
                {
                  video: cleanVideo(item, frames[i]!, context.profile),
                  targets: stage.targets.map((name) => item.targets![name]!),
                },
              ],
        ),
      });
      yield {
        metrics: { ...metrics, ...prefixed('seconds/update/', seconds) },
        completions: () => [],
        tokens: 0,
      };
    },
  };
}
