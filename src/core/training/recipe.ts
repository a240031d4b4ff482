/**
 * Recipes: what a training run does, as data. A recipe file may extend another; resolving it merges the two, fills every
 * default and every row of the reward rules, and refuses what cannot work. The resolved form is what a run keeps.
 */
import { z } from 'zod';
import { CodedError } from '../errors.ts';
import { RULES } from '../reward-rules.ts';
import { checkRecipe } from './recipe-checks.ts';
import { sourceSchema } from './recipe-data.ts';
import { rewardOverridesSchema, rewardRulesSchema, withOverrides } from './recipe-rules.ts';
import { stageSchema } from './recipe-stages.ts';
import { readPlainly } from './recipe-words.ts';

const count = z.int().min(1);
const recipeName = z
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
  pixelCacheGB: z.number().min(0).default(20).describe('Decoded frames that are kept on disk, in 10⁹ bytes.'),
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

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * `over` put upon `base`: objects field by field, stages by name, all else replaced. A source or stage of another kind
 * replaces the whole. Where `over` lists stages, these are all there are.
 */
export function mergeRecipe(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  for (const tag of ['kind', 'objective'])
    if (tag in base && tag in over && base[tag] !== over[tag]) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (key === '__proto__')
      throw new CodedError('train/recipe', { field: key, problem: 'is no field of a recipe' });
    merged[key] = key === 'stages' ? mergeStages(base[key], value) : mergeRecipe(base[key], value);
  }
  return merged;
}

/** The list is that of `over`; a stage that the base has by the same name starts from it. */
function mergeStages(base: unknown, over: unknown): unknown {
  if (!Array.isArray(base) || !Array.isArray(over)) return over;
  const nameOf = (stage: unknown) => (isObject(stage) ? stage.name : undefined);
  return over.map((stage) =>
    mergeRecipe(
      base.find((other) => nameOf(other) === nameOf(stage)),
      stage,
    ),
  );
}

/** `extends` of a recipe file, null without one. @throws CodedError `train/recipe` */
export function extendsOf(file: unknown): string | null {
  if (!isObject(file) || !('extends' in file)) return null;
  return readPlainly(recipeName, file.extends, 'extends');
}

/**
 * Merges a recipe with those that it extends, farthest first.
 *
 * @param load a recipe file by name; throws where there is none
 * @throws CodedError `train/recipe` for a circle
 */
export async function mergedRecipe(
  file: unknown,
  load: (name: string) => Promise<unknown> | unknown,
): Promise<unknown> {
  const chain = [file];
  const seen = new Set<string>();
  for (let base = extendsOf(file); base !== null; base = extendsOf(chain[0])) {
    if (seen.has(base))
      throw new CodedError('train/recipe', { field: 'extends', problem: `goes in a circle at ${base}` });
    seen.add(base);
    chain.unshift(await load(base));
  }
  const merged = chain.reduce((base, over) => mergeRecipe(base, over));
  if (!isObject(merged)) return merged;
  // What a recipe says of itself is not inherited.
  const { extends: _extends, ...rest } = merged;
  return rest;
}

/**
 * The resolved recipe of a merged file: defaults filled, all rules written out, the labels of every source decided.
 *
 * @throws CodedError `train/recipe` {field, problem}
 */
export function resolveRecipe(merged: unknown): Recipe {
  const file = readPlainly(recipeFileSchema, merged);
  const rules = withOverrides(RULES[file.mode], file.rules);
  const sources = Object.fromEntries(
    Object.entries(file.sources).map(([name, source]) => [
      name,
      source.kind === 'procedural' ? source : { ...source, labels: source.labels ?? rules.labels },
    ]),
  );
  const recipe = { ...file, rules, sources };
  checkRecipe(recipe);
  return recipe;
}

/** JSON with the keys of every object in order and no white space: what the SHA-256 of a recipe is taken of. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value as Json);
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}
