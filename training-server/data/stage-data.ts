/** The videos of every stage of a recipe, from its sources. */
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import { type DataItem, type LoadOptions, type Roots, validateSources } from './api.ts';

/** The videos of a stage. */
export interface StageData {
  readonly train: readonly DataItem[];
  readonly heldOut: readonly DataItem[];
}

/** The sources of all stages with their roles. */
export function usedSources(recipe: Recipe) {
  return (['train', 'heldOut'] as const).flatMap((role) =>
    [...new Set(recipe.stages.flatMap((stage) => stage[role]))].map((name) => ({
      role,
      name,
      source: recipe.sources[name]!,
    })),
  );
}

/** Loads the videos of all stages; generates the clips of procedural sources that are not there yet. */
export type LoadStages = (
  recipe: Recipe,
  roots: Roots,
  cache: string,
  options: Pick<LoadOptions, 'onProgress' | 'signal'>,
) => Promise<StageData[]>;

/**
 * @throws CodedError the first fault of a source
 * @throws DOMException `AbortError` when the signal fired while clips were generated
 */
export const loadStages: LoadStages = async (recipe, roots, cache, options) => {
  const { items, errors } = await validateSources(usedSources(recipe), roots, { ...options, cache });
  if (errors.length > 0) throw CodedError.fromData(errors[0]!);
  const of = (names: readonly string[]) => names.flatMap((name) => items.get(name) ?? []);
  return recipe.stages.map((stage) => ({ train: of(stage.train), heldOut: of(stage.heldOut) }));
};
