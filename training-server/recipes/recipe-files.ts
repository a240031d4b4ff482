/** Recipe files: read by name, merged with those that they extend, and resolved. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import { canonicalJson, mergedRecipe, resolveRecipe } from '../../core/training/recipe-resolve.ts';

/** Folder of the repository's recipes. */
export const recipeFolder = join(import.meta.dirname, '..', '..', 'recipes');

/** SHA-256 of the resolved recipe's canonical JSON. */
export function recipeSha256(recipe: Recipe): string {
  return createHash('sha256').update(canonicalJson(recipe)).digest('hex');
}

async function readRecipe(file: string, field: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new CodedError('train/recipe', { field, problem: `cannot be read: ${file}` }, undefined, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = `is not JSON: ${(cause as Error).message}`;
    throw new CodedError('train/recipe', { field: basename(file), problem }, undefined, { cause });
  }
}

/**
 * The resolved recipe of a file. A recipe that it extends is searched in its folder, then in the repository's.
 *
 * @throws CodedError `train/recipe` {field, problem}
 */
export async function recipeFromFile(file: string): Promise<Recipe> {
  return recipeFrom(await readRecipe(file, basename(file)), dirname(file));
}

/**
 * The resolved recipe of JSON, e.g. of a request.
 *
 * @param beside folder of recipes that it may extend, before the repository's
 */
export async function recipeFrom(json: unknown, beside: string = recipeFolder): Promise<Recipe> {
  const load = async (name: string) => {
    const names: string[] = await readdir(beside).catch(() => []);
    const folder = names.includes(`${name}.json`) ? beside : recipeFolder;
    return readRecipe(join(folder, `${name}.json`), 'extends');
  };
  return resolveRecipe(await mergedRecipe(json, load));
}
