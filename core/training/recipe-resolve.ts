/**
 * Resolution of a recipe file: it is merged with the file that it extends, defaults and reward rules are filled in,
 * and contradictions are refused. Ours.
 */
import { CodedError } from '../errors.ts';
import { RULES } from '../rewards/reward-rules.ts';
import { type Recipe, recipeFileSchema, recipeName } from './recipe.ts';
import { checkRecipe } from './recipe-checks.ts';
import { withOverrides } from './recipe-rules.ts';
import { readPlainly } from './recipe-text.ts';

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

/**
 * A recipe in the names of today: the objective `warmup`, which early recipes and runs have, is `regression_pretrain`
 * (a warm-up is the learning rate's).
 */
export function currentRecipe(file: unknown): unknown {
  if (!isObject(file) || !Array.isArray(file.stages)) return file;
  const stages = file.stages.map((stage) =>
    isObject(stage) && stage.objective === 'warmup' ? { ...stage, objective: 'regression_pretrain' } : stage,
  );
  return { ...file, stages };
}

/** `extends` of a recipe file, null without one. @throws CodedError `train/recipe` */
function extendsOf(file: unknown): string | null {
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
  const chain = [currentRecipe(file)];
  const seen = new Set<string>();
  for (let base = extendsOf(file); base !== null; base = extendsOf(chain[0])) {
    if (seen.has(base))
      throw new CodedError('train/recipe', { field: 'extends', problem: `goes in a circle at ${base}` });
    seen.add(base);
    chain.unshift(currentRecipe(await load(base)));
  }
  const merged = chain.reduce((base, over) => mergeRecipe(base, over));
  if (!isObject(merged)) return merged;
  const { extends: _extends, ...rest } = merged;
  return rest;
}

/**
 * The resolved recipe of a merged file: defaults filled, all rules written out, the labels of every source decided.
 *
 * @throws CodedError `train/recipe` {field, problem}
 */
export function resolveRecipe(merged: unknown): Recipe {
  const file = readPlainly(recipeFileSchema, currentRecipe(merged));
  const rules = withOverrides(RULES[file.mode], file.rules);
  const sources = Object.fromEntries(
    Object.entries(file.sources).map(([name, source]) => [
      name,
      'labels' in source ? { ...source, labels: source.labels ?? rules.labels } : source,
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
