/** The recipes that ship, as files that a run can start from. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../src/core/errors.ts';
import { mergedRecipe, type Recipe, resolveRecipe } from '../../src/core/training/recipe.ts';
import type { RecipeCard } from '../../src/core/training/run.ts';
import { parseJson } from './body.ts';

const known = /^[a-z0-9][a-z0-9-]{0,59}$/;

export interface Recipes {
  /** Shipped recipes by name, those that cannot be read with their error. */
  cards(): Promise<RecipeCard[]>;
  /**
   * A recipe by its name or as it stands, with all that it extends.
   * @throws `train/recipe` {field, problem}
   */
  resolve(given: unknown): Promise<Recipe>;
}

export function recipesIn(folder: string): Recipes {
  async function load(name: string): Promise<unknown> {
    const fault = (problem: string) => new CodedError('train/recipe', { field: name.slice(0, 80), problem });
    // The name becomes a path: nothing but letters, digits and hyphens.
    if (!known.test(name)) throw fault('is no name of a recipe');
    const text = await readFile(join(folder, `${name}.json`), 'utf8').catch(() => {
      throw fault('is no recipe of this server');
    });
    try {
      return parseJson(text);
    } catch {
      throw fault('is not JSON');
    }
  }

  async function resolve(given: unknown): Promise<Recipe> {
    return resolveRecipe(await mergedRecipe(typeof given === 'string' ? await load(given) : given, load));
  }

  async function card(name: string): Promise<RecipeCard> {
    const empty = { name, about: '', extends: null, objectives: [], needs: '', recipe: null };
    try {
      const recipe = await load(name);
      const base = (recipe as { extends?: unknown }).extends;
      try {
        const resolved = await resolve(recipe);
        const { about, needs, stages } = resolved;
        const objectives = stages.map(({ objective }) => objective);
        const over = typeof base === 'string' ? base : null;
        return { name, about, extends: over, objectives, needs, recipe, resolved, error: null };
      } catch (error) {
        return { ...empty, recipe, resolved: null, error: plain(error) };
      }
    } catch (error) {
      return { ...empty, resolved: null, error: plain(error) };
    }
  }

  return {
    resolve,
    async cards() {
      const names = (await readdir(folder))
        .filter((file) => file.endsWith('.json'))
        .map((file) => file.slice(0, -5));
      return Promise.all(names.sort().map(card));
    },
  };
}

function plain(error: unknown): RecipeCard['error'] {
  if (!(error instanceof CodedError)) throw error;
  return { ...error.toData(), params: { ...error.params } };
}
