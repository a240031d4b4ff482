/** Stages of a recipe: trained parts, videos, objective. Ours. */
import { z } from 'zod';
import { policyLosses } from '../rewards/grpo.ts';
import { perturbModes } from '../sampling/perturb.ts';

const count = z.int().min(1);
const positive = z.number().positive();
const share = z.number().min(0).max(1);

const parts = z.strictObject({
  vision: z.boolean().default(true).describe('The vision encoder trains.'),
  visionProjector: z.boolean().default(true).describe('The projector from vision to language trains.'),
  languageModel: z.boolean().default(true).describe('The language model trains.'),
  motionExtractor: z
    .boolean()
    .default(false)
    .describe('The motion extractor trains (its batch norm then, too).'),
  motionProjector: z.boolean().default(true).describe('The projector from motion to language trains.'),
});

/** Products of a decoder layer that an adaptation may have. */
export const loraTargets = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

const lora = z.strictObject({
  rank: count.default(16).describe('r, rank of the adaptation.'),
  alpha: positive.default(32).describe('α: the adaptation is scaled by α / r.'),
  targets: z
    .array(z.enum(loraTargets))
    .min(1)
    .default([...loraTargets])
    .describe('Products of each decoder layer that are adapted.'),
});

const lrScale = z.strictObject({
  vision: positive.optional().describe('Factor of the vision encoder’s rate.'),
  visionProjector: positive.optional().describe('Factor of the vision projector’s rate.'),
  languageModel: positive.optional().describe('Factor of the language model’s rate.'),
  motionExtractor: positive.optional().describe('Factor of the motion extractor’s rate.'),
  motionProjector: positive.optional().describe('Factor of the motion projector’s rate.'),
});

const optimiser = z.strictObject({
  kind: z
    .enum(['adamw', 'adamw-sr'])
    .default('adamw')
    .describe('AdamW on fp32 master weights, or on bf16 weights with stochastic rounding (half the memory).'),
  lr: positive.default(1e-6).describe('Learning rate at the top of the schedule.'),
  betas: z.tuple([share, share]).default([0.9, 0.999]).describe('β₁ and β₂.'),
  epsilon: positive.default(1e-8).describe('ε of AdamW.'),
  weightDecay: z.number().min(0).default(0).describe('Decoupled weight decay.'),
  lrScale: lrScale.prefault({}).describe('Factors of the learning rate by part; left out = 1.'),
  maxGradNorm: positive.default(1).describe('Gradients are clipped to this norm.'),
});

const schedule = z.strictObject({
  kind: z
    .enum(['constant', 'linear', 'cosine'])
    .default('linear')
    .describe('How the learning rate falls after the warm-up: not, in a line to 0, or as a cosine to 0.'),
  warmupSteps: z.int().min(0).default(0).describe('Steps in which the learning rate rises from 0 in a line.'),
  length: count
    .nullable()
    .default(null)
    .describe('Steps after which the rate is 0; null = those of the stage.'),
});

const evaluation = z.strictObject({
  everySteps: count
    .nullable()
    .default(50)
    .describe('Held-out videos are scored every so many steps; null = never.'),
  atStart: z.boolean().default(true).describe('Scored before the first step, too.'),
  atEnd: z.boolean().default(true).describe('Scored after the last step, too.'),
  videos: count.nullable().default(null).describe('Only the first so many held-out videos; null = all.'),
  maxTokens: count.nullable().default(null).describe('Longest answer there; null = that of training.'),
  best: z.enum(['srcc', 'plcc']).default('srcc').describe('Figure by which the best checkpoint is chosen.'),
});

const checkpoints = z.strictObject({
  everySteps: count.default(50).describe('A checkpoint is written every so many steps, and at the end.'),
  keep: count.default(2).describe('Last checkpoints that are kept; the best one is kept besides.'),
});

const guards = z.strictObject({
  maxKl: positive
    .nullable()
    .default(0.5)
    .describe('The run stops itself when the KL to the reference passes this; null = no guard.'),
  minEntropy: z
    .number()
    .min(0)
    .nullable()
    .default(null)
    .describe('… when the entropy of the answers falls below this; null = no guard.'),
  maxEntropy: positive.nullable().default(null).describe('… when it rises above this; null = no guard.'),
  steps: count.default(3).describe('For so many steps one after the other.'),
});

const common = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and hyphens')
    .describe('Name of the stage; a recipe that extends another changes its stages by name.'),
  train: z.array(z.string()).min(1).describe('Sources that are trained on.'),
  heldOut: z.array(z.string()).default([]).describe('Sources that are scored and never trained on.'),
  steps: count.nullable().default(null).describe('Optimiser steps; either this or `epochs`.'),
  epochs: positive
    .nullable()
    .default(null)
    .describe('Passes over the videos; an incomplete last batch of a pass is dropped.'),
  parts: parts.prefault({}).describe('Which parts train.'),
  lora: lora
    .nullable()
    .default(null)
    .describe(
      'The language model trains by low-rank adaptation (LoRA), merged in saved models; null = its own weights train.',
    ),
  optimiser: optimiser.prefault({}).describe('Optimiser.'),
  schedule: schedule.prefault({}).describe('Learning rate over the steps.'),
  evaluation: evaluation.prefault({}).describe('Scoring of the held-out videos, greedy, on clean frames.'),
  checkpoints: checkpoints.prefault({}).describe('Which checkpoints are written and kept.'),
};

const videosPerStep = count.default(32).describe('Videos in one optimiser step, over all GPUs.');

const grpo = z.strictObject({
  objective: z.literal('grpo').describe('Group-relative policy optimisation on drawn answers (eq. 1 to 3).'),
  ...common,
  k: count.default(4).describe('K, answers drawn for a video.'),
  beta: z
    .number()
    .min(0)
    .default(0.04)
    .describe('β, weight of the KL term; 0 leaves it and the reference out.'),
  epsilonLow: share.default(0.2).describe('ε below: ratios are clipped at 1 − ε.'),
  epsilonHigh: positive
    .default(0.2)
    .describe('ε above: ratios are clipped at 1 + ε; with cispo at ε itself (5 in its paper).'),
  ratioCap: positive
    .nullable()
    .default(null)
    .describe('Upper bound of the ratio where it is not clipped (two-sided clipping); null = none.'),
  lossType: z
    .enum(policyLosses)
    .default('grpo')
    .describe(
      'How token losses become one number; names are TRL’s. gspo is grpo with one ratio an answer (TRL: importance_sampling_level sequence).',
    ),
  sapoTemperature: z
    .strictObject({
      positive: positive.default(1).describe('τ of sapo where the advantage is positive.'),
      negative: positive.default(1.05).describe('τ of sapo where it is not.'),
    })
    .prefault({})
    .describe('Temperatures of the loss sapo.'),
  maskTruncated: z
    .boolean()
    .default(false)
    .describe(
      'Answers that reach the longest length have no loss; they still count in the means and in the rewards.',
    ),
  dynamicSampling: z
    .boolean()
    .default(false)
    .describe(
      'Groups whose rewards are all equal are replaced by groups of further videos (DAPO; ms-swift: dynamic_sample).',
    ),
  maxResampleTimes: count
    .default(3)
    .describe('Further rollouts of a step at most; then it is taken with the groups that there are.'),
  iterations: count.default(1).describe('μ, optimiser steps on the answers of one rollout.'),
  maxTokens: count.default(2048).describe('Longest answer.'),
  topP: share
    .default(1)
    .describe('Rollouts draw from the least set of tokens with this probability; 1 = from all.'),
  perturbations: z
    .array(z.enum(perturbModes))
    .min(1)
    .default([...perturbModes])
    .describe('Temporal damages that are drawn from, each equally often.'),
  guards: guards.prefault({}).describe('When the run stops itself.'),
});

const sft = z.strictObject({
  objective: z.literal('sft').describe('Supervised fine-tuning on written answers.'),
  ...common,
  videosPerStep: videosPerStep,
  texts: z
    .enum(['written', 'score'])
    .default('written')
    .describe(
      'Answers to learn: those in the data, or `<answer>` with the label to two decimals (the SFT row of Table 7).',
    ),
});

const regressionPretrain = z.strictObject({
  objective: z
    .literal('regression_pretrain')
    .describe('Dense targets on the pooled vision and motion features, through a linear head of their own.'),
  ...common,
  videosPerStep: videosPerStep,
  targets: z.array(z.string()).min(1).describe('Names of the targets in the data.'),
});

const fit = z.strictObject({
  objective: z
    .literal('fit')
    .describe('Closed-form ridge regression of the motion projector’s last layer; one step.'),
  ...common,
  videosPerStep: videosPerStep,
  targets: z.array(z.string()).min(1).describe('Names of the targets in the data, one a hidden dimension.'),
  ridge: z.number().min(0).default(1).describe('λ of the ridge regression.'),
});

export const stageSchema = z.discriminatedUnion('objective', [grpo, sft, regressionPretrain, fit]);
export type Stage = z.infer<typeof stageSchema>;
export type GrpoStage = Extract<Stage, { objective: 'grpo' }>;
export type Objective = Stage['objective'];
