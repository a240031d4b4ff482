/** Recipes of training runs: the form of the file, and the resolved form, which a run stores. Ours. */
import { z } from 'zod';
import { sourceSchema } from './recipe-data.ts';
import { rewardOverridesSchema, rewardRulesSchema } from './recipe-rules.ts';
import { stageSchema } from './recipe-stages.ts';

const count = z.int().min(1);
/** Name of a recipe or a source. */
export const recipeName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'must be lower-case letters, digits and hyphens');

const model = z.strictObject({
  checkpoint: z.string().min(1).describe('Folder of the checkpoint to start from, in the official layout.'),
  profile: z
    .string()
    .nullable()
    .default(null)
    .describe(
      'How the model sees a video: a built-in profile or one of the checkpoint; null = the checkpoint’s own.',
    ),
  motion: z
    .boolean()
    .default(true)
    .describe('The prompt has a motion token; false is the ablation without motion.'),
});

const engine = z.strictObject({
  device: z
    .enum(['auto', 'cpu', 'cuda'])
    .default('auto')
    .describe('Where tensors are computed; auto takes CUDA where it is.'),
  precision: z.enum(['fp32', 'bf16']).default('bf16').describe('Numbers of the forward and backward pass.'),
  processes: count.default(1).describe('Processes of the engine on this machine, one a GPU.'),
  threads: count
    .nullable()
    .default(null)
    .describe('CPU threads of a process; null = PyTorch’s choice. One thread makes runs bitwise repeatable.'),
  gradientCheckpointing: z
    .boolean()
    .default(true)
    .describe('Activations are computed again in the backward pass instead of kept.'),
  decodeWorkers: z.int().min(0).default(4).describe('Processes that decode videos ahead; 0 = none.'),
  pixelCacheGB: z
    .number()
    .min(0)
    .default(20)
    .describe(
      'Decoded frames that are kept on disk, in 10⁹ bytes; on a CPU as much again of what frozen encoders made of them.',
    ),
  slots: count.default(64).describe('Answers written at the same time.'),
  packTokens: count.default(16384).describe('Tokens in one packed forward pass of the update.'),
  prefetch: z.boolean().default(true).describe('The next videos are decoded while the model updates.'),
});

const fields = {
  format: z.literal(1).default(1).describe('Version of this form.'),
  name: recipeName.describe('Name of the recipe; its runs carry it.'),
  about: z.string().default('').describe('What it is, in a sentence.'),
  needs: z.string().default('').describe('What machine and time it needs, in words.'),
  mode: z.enum(['paper', 'official', 'ours']).default('ours').describe('Row of values for all reward rules.'),
  reportTo: z
    .array(z.enum(['trackio', 'wandb']))
    .default([])
    .describe('Experiment trackers that get the metrics too, by their own libraries (TRL: report_to).'),
  seed: z.int().min(0).default(42).describe('Seed of order, perturbations and rollouts.'),
  model: model.describe('The model to start from.'),
  engine: engine.prefault({}).describe('How it is computed.'),
  sources: z.record(recipeName, sourceSchema).describe('Data sources by name.'),
  stages: z
    .array(stageSchema)
    .min(1)
    .describe('Stages, one after another; each starts from the weights of the one before.'),
};

/** A recipe after `extends` was merged: fields may be left out, unknown ones are refused. */
export const recipeFileSchema = z.strictObject({
  ...fields,
  rules: rewardOverridesSchema.prefault({}).describe('Rows of the reward rules that differ from the mode’s.'),
});

/** A resolved recipe: nothing is left open. */
export const recipeSchema = z.strictObject({
  ...fields,
  rules: rewardRulesSchema.describe('The reward rules, every row.'),
});
export type Recipe = z.infer<typeof recipeSchema>;
