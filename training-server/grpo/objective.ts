/** The objectives of the stages: what one optimiser step, or the few on one rollout, does. */

import type { Recipe } from '../../core/training/recipe.ts';
import type { GrpoStage, Stage } from '../../core/training/recipe-stages.ts';
import type { CompletionRecord } from '../../core/training/run.ts';
import type { Params } from '../engine/protocol.ts';
import { completionRecords, figure, rolloutValues } from './records.ts';
import { type Rollout, rollOut, videosOf, viewsOf } from './rollout.ts';
import { Sampler } from './sampler.ts';
import { learningRate } from './schedule.ts';
import type { Setting, Values } from './setting.ts';
import { plainVideo, type View } from './views.ts';

/** Figures of one optimiser step. */
export interface StepResult {
  readonly values: Values;
  /** What is written down of a rollout; none where the step is on an earlier one. */
  readonly completions: (step: number, stage: number) => CompletionRecord[];
  /** Tokens that the optimiser saw, prompts included. */
  readonly tokens: number;
}

export interface Objective {
  /** Optimiser steps of the stage in all. */
  readonly steps: number;
  /** Steps that belong together: a checkpoint lies between two such rounds. */
  readonly stepsPerRound: number;
  /** The steps of round `round` (from 0), one after the other. Nothing but (seed, round, weights) decides them. */
  round(round: number, lrFactor: number): AsyncGenerator<StepResult>;
}

/** @throws CodedError `train/recipe` when the sources have fewer videos than a step */
export function objectiveOf(setting: Setting): Objective {
  const { stage } = setting;
  switch (stage.objective) {
    case 'grpo':
      return grpo({ ...setting, stage });
    case 'sft':
    case 'warmup':
      return supervised({ ...setting, stage });
    case 'fit':
      return closedForm({ ...setting, stage });
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

const settings = (setting: Setting, lr: number) => ({
  prompt: setting.prompt,
  lr,
  maxGradNorm: setting.stage.optimiser.maxGradNorm,
  maxTokensPerRow: setting.recipe.engine.packTokens,
});

function grpo(setting: Setting<GrpoStage>): Objective {
  const { stage, recipe, engine } = setting;
  const sampler = new Sampler(setting.train.length, recipe.rules.videosPerStep, setting.seed);
  const steps = stepsOf(stage, recipe, setting.train.length);
  let ahead: { round: number; views: Promise<View[]> } | null = null;
  let decoded: Promise<unknown> = Promise.resolve();

  /** The views of a round; those of the next are looked up meanwhile, so that they can be decoded during the update. */
  function lookUp(round: number): Promise<View[]> {
    const views = ahead?.round === round ? ahead.views : viewsOf(setting, sampler, round);
    ahead = null;
    if (recipe.engine.prefetch && (round + 1) * stage.iterations < steps) {
      ahead = { round: round + 1, views: views.then(() => viewsOf(setting, sampler, round + 1)) };
      ahead.views.catch(() => {}); // met again when the round comes
    }
    return views;
  }

  /**
   * Asked for behind the update, decoded beside it. What cannot be decoded is met again, and counted, by the rollout.
   */
  async function prefetch(): Promise<void> {
    const next = await ahead?.views.catch(() => []);
    if (next && next.length > 0) decoded = engine.call('encode', { videos: videosOf(next) }).catch(() => {});
  }

  return {
    steps,
    stepsPerRound: stage.iterations,
    async *round(round, lrFactor) {
      const asked = performance.now();
      const views = await lookUp(round);
      await decoded;
      const waited = (performance.now() - asked) / 1000;
      const rollout = await rollOut(setting, sampler, round, views);
      const rolled = rolloutValues(rollout, recipe.rules);
      const groups = groupsOf(rollout, stage.iterations > 1);
      for (let iteration = 0; iteration < stage.iterations; iteration++) {
        const lr = learningRate(stage, round * stage.iterations + iteration, steps) * lrFactor;
        const started = performance.now();
        const first = iteration === 0;
        const updated = update(groups, lr);
        updated.catch(() => {}); // awaited below
        if (first) await prefetch();
        const { metrics, seconds } = await updated;
        yield {
          values: {
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
          completions: (at, index) => (first ? completionRecords(rollout, at, index) : []),
          tokens: metrics.num_tokens ?? 0,
        };
      }
    },
  };

  async function update(groups: Params<'update'>['groups'], lr: number) {
    // All videos of a batch may be unreadable: the step is taken by nobody, and the schedule goes on.
    if (groups.length === 0) return { metrics: {}, seconds: {} };
    return engine.call('update', {
      ...settings(setting, lr),
      groups,
      beta: stage.beta,
      clip: { low: stage.epsilonLow, high: stage.epsilonHigh, delta: stage.ratioCap },
      lossType: stage.lossType,
      maxCompletionLength: stage.maxTokens,
    });
  }
}

function groupsOf({ answered, rewards }: Rollout, offPolicy: boolean): Params<'update'>['groups'] {
  return answered.map(({ view, answers }, i) => ({
    video: view.video,
    completions: answers.map(({ tokens, logps }, k) => ({
      tokens,
      ...(offPolicy && { oldLogps: logps }),
      advantage: figure(rewards[i]!.advantage.values[k]!) ?? 0,
    })),
  }));
}

const prefixed = (prefix: string, values: Readonly<Record<string, number>>): Values =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));

type Supervised = Extract<Stage, { objective: 'sft' | 'warmup' }>;

/** `<answer>3.42</answer>`: the SFT row of Table 7. */
export const scoreText = (mos: number): string => `<answer>${mos.toFixed(2)}</answer>`;

function supervised(setting: Setting<Supervised>): Objective {
  const { stage, engine, train } = setting;
  const sampler = new Sampler(train.length, stage.videosPerStep, setting.seed);
  const steps = stepsOf(stage, setting.recipe, train.length);
  return {
    steps,
    stepsPerRound: 1,
    async *round(round, lrFactor) {
      const lr = learningRate(stage, round, steps) * lrFactor;
      const started = performance.now();
      const items = sampler.batch(round).map((place) => train[place]!);
      const frames = await setting.counts.of(items);
      const examples = items.flatMap((item, i) =>
        frames[i] === 0 ? [] : [{ item, video: plainVideo(item, frames[i]!, setting.profile) }],
      );
      const { metrics, seconds } = examples.length === 0 ? { metrics: {}, seconds: {} } : await step();
      yield {
        values: {
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
            ...settings(setting, lr),
            examples: examples.map(({ item, video }) => ({
              video,
              text: stage.texts === 'score' ? scoreText(item.mos) : item.text!,
            })),
          });
        const { maxTokensPerRow: _, prompt: __, ...rest } = settings(setting, lr);
        return engine.call('warmup', {
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
function closedForm(setting: Setting<Extract<Stage, { objective: 'fit' }>>): Objective {
  const { stage, engine, train } = setting;
  return {
    steps: 1,
    stepsPerRound: 1,
    async *round() {
      const frames = await setting.counts.of(train);
      const { metrics, seconds } = await engine.call('fit', {
        ridge: stage.ridge,
        examples: train.flatMap((item, i) =>
          frames[i] === 0
            ? []
            : [
                {
                  video: plainVideo(item, frames[i]!, setting.profile),
                  targets: stage.targets.map((name) => item.targets![name]!),
                },
              ],
        ),
      });
      yield {
        values: { ...metrics, ...prefixed('seconds/update/', seconds) },
        completions: () => [],
        tokens: 0,
      };
    },
  };
}
