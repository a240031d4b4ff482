/** Recipes of the repository, and recipes in request bodies. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { RecipeCard } from '../../core/training/run.ts';
import type { Roots } from '../data/roots.ts';
import { recipeFolder, recipeFrom } from '../recipes/recipe-files.ts';
import { parseJson } from './body.ts';

const recipeName = /^[a-z0-9][a-z0-9-]{0,59}$/;

async function load(name: string): Promise<unknown> {
  const fault = (problem: string) => new CodedError('train/recipe', { field: name.slice(0, 80), problem });
  // The name becomes part of a path: letters, digits and hyphens only.
  if (!recipeName.test(name)) throw fault('is no name of a recipe');
  const text = await readFile(join(recipeFolder, `${name}.json`), 'utf8').catch(() => {
    throw fault('is no recipe of this server');
  });
  return parseJson(text);
}

/**
 * A recipe by its name in the repository, or as JSON, resolved with the recipes that it extends.
 * @throws `train/recipe` {field, problem}
 */
export async function resolveGiven(given: unknown): Promise<Recipe> {
  return recipeFrom(typeof given === 'string' ? await load(given) : given);
}

/** Recipes of the repository by name; one that cannot be resolved has its error. */
export async function recipeCards(roots: Pick<Roots, 'resolve'>): Promise<RecipeCard[]> {
  const files = (await readdir(recipeFolder)).filter((file) => file.endsWith('.json'));
  const names = files.map((file) => file.slice(0, -'.json'.length));
  return Promise.all(names.sort().map((name) => cardOf(name, roots)));
}

/** True when the checkpoint that a recipe starts from is a folder below the roots. */
const hasCheckpoint = ({ model }: Recipe, roots: Pick<Roots, 'resolve'>): Promise<boolean> =>
  roots.resolve(join(model.checkpoint, 'config.json')).then(
    () => true,
    () => false,
  );

async function cardOf(name: string, roots: Pick<Roots, 'resolve'>): Promise<RecipeCard> {
  const empty = { about: '', extends: null, objectives: [], needs: '', ready: false };
  const card = { name, ...empty, recipe: null, resolved: null };
  try {
    const recipe = await load(name);
    const base = (recipe as { extends?: unknown }).extends;
    const withRecipe = { ...card, recipe, extends: typeof base === 'string' ? base : null };
    try {
      const resolved = await recipeFrom(recipe);
      const { about, needs, stages } = resolved;
      return {
        ...withRecipe,
        about,
        needs,
        objectives: stages.map((stage) => stage.objective),
        ready: await hasCheckpoint(resolved, roots),
        resolved,
        error: null,
      };
    } catch (error) {
      return { ...withRecipe, error: dataOf(error) };
    }
  } catch (error) {
    return { ...card, error: dataOf(error) };
  }
}

function dataOf(error: unknown): RecipeCard['error'] {
  if (!(error instanceof CodedError)) throw error;
  return { ...error.toData(), params: { ...error.params } };
}
