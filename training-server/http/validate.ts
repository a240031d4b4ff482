/** What is found out about a recipe before anything is spent: its fields, its paths, its videos, the machine. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError, type CodedErrorData } from '../../src/core/errors.ts';
import type { Recipe } from '../../src/core/training/recipe.ts';
import type { ValidationReport } from '../../src/core/training/run.ts';
import { type LoadOptions, type Roots, validateSources } from '../data/api.ts';
import { recipeSha256 } from '../runs/recipe-files.ts';
import { usedSources } from '../runs/stage-data.ts';
import type { Machine } from './machine.ts';
import { resolveGiven } from './recipes.ts';

export interface Validation {
  readonly roots: Roots;
  /** What engine there is. @throws `train/python`, `train/torch` */
  readonly machine: () => Promise<Machine>;
  readonly load: LoadOptions;
}

/** Never throws for what is wrong with the recipe: that is the report. */
export async function validateRecipe(
  given: unknown,
  { roots, machine, load }: Validation,
): Promise<{ report: ValidationReport; recipe: Recipe | null }> {
  const errors: CodedErrorData[] = [];
  const tried = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      errors.push(error.toData());
      return null;
    }
  };
  const recipe = await tried(() => resolveGiven(given));
  const engine = await tried(machine);
  if (recipe === null) return { report: reportOf({ errors, engine }), recipe };
  if (engine !== null) errors.push(...lacks(recipe, engine));
  await tried(() => checkpointOf(recipe, roots));
  const data = await validateSources(usedSources(recipe), roots, load);
  errors.push(...data.errors);
  const report = reportOf({ errors, engine, recipe, warnings: data.warnings, sources: data.reports });
  return { report, recipe };
}

type Parts = Pick<ValidationReport, 'engine'> & {
  errors: readonly CodedErrorData[];
  warnings?: readonly CodedErrorData[];
  recipe?: Recipe;
  sources?: readonly ValidationReport['sources'][number][];
};

function reportOf({ errors, engine, warnings = [], recipe, sources = [] }: Parts): ValidationReport {
  const copy = (list: readonly CodedErrorData[]) =>
    list.map((one) => ({ ...one, params: { ...one.params } }));
  return {
    ok: errors.length === 0,
    errors: copy(errors),
    warnings: copy(warnings),
    recipe: recipe ?? null,
    recipeSha256: recipe === undefined ? null : recipeSha256(recipe),
    sources: [...sources],
    engine,
  };
}

async function checkpointOf(recipe: Recipe, roots: Roots): Promise<void> {
  const field = 'model.checkpoint';
  const folder = await roots.resolve(recipe.model.checkpoint, field);
  await access(join(folder, 'config.json')).catch(() => {
    throw new CodedError('train/checkpoint', { field, problem: 'has no config.json' });
  });
}

function lacks({ engine: { device, processes } }: Recipe, machine: Machine): CodedErrorData[] {
  const cuda = device === 'cuda' || (device === 'auto' && machine.gpus > 0);
  if (!cuda || (machine.gpus > 0 && processes <= machine.gpus)) return [];
  return [
    new CodedError('train/gpu', { wanted: processes, gpus: machine.gpus, torch: machine.torch }).toData(),
  ];
}
