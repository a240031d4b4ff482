/** The videos of every stage of a recipe, from its sources. */
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import { type DataItem, type Roots, validateSources } from './api.ts';

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

/** @throws CodedError the first fault of a source */
export async function loadStages(recipe: Recipe, roots: Roots, cache: string): Promise<StageData[]> {
  const { items, errors } = await validateSources(usedSources(recipe), roots, { cache });
  if (errors.length > 0) throw CodedError.fromData(errors[0]!);
  const of = (names: readonly string[]) => names.flatMap((name) => items.get(name) ?? []);
  return recipe.stages.map((stage) => ({ train: of(stage.train), heldOut: of(stage.heldOut) }));
}
