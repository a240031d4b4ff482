/** Validation of a recipe before a run starts: fields, paths, videos, machine. */
import { CodedError, type CodedErrorData } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { ValidationReport } from '../../core/training/run.ts';
import { type LoadOptions, type Roots, validateSources } from '../data/api.ts';
import { usedSources } from '../data/stage-data.ts';
import { stepsOf } from '../grpo/objective.ts';
import { checkItems } from '../grpo/stage-checks.ts';
import { recipeSha256 } from '../recipes/recipe-files.ts';
import { checkCheckpoint } from './checkpoint.ts';
import type { Machine } from './machine.ts';

/** Milliseconds that opening videos may take, since the client waits for the report. */
export const PROBE_MS = 8000;

export interface Validation {
  readonly roots: Roots;
  /** Facts of the machine; null where the engine is remote. @throws `train/python`, `train/torch` */
  readonly machine: () => Promise<Machine | null>;
  readonly load: LoadOptions;
}

/**
 * The report lists every fault of the recipe; none of them is thrown.
 *
 * @param read returns the resolved recipe, or throws `train/recipe`
 */
export async function validateRecipe(
  read: () => Promise<Recipe>,
  { roots, machine, load }: Validation,
): Promise<{ report: ValidationReport; recipe: Recipe | null }> {
  const errors: CodedErrorData[] = [];
  const tried = async <T>(work: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      errors.push(error.toData());
      return undefined;
    }
  };
  const recipe = (await tried(read)) ?? null;
  const machineFacts = await tried(machine);
  const engine = machineFacts ?? null;
  if (recipe === null) return { report: reportOf({ errors, engine }), recipe };
  if (engine !== null) errors.push(...lacks(recipe, engine));
  await tried(() => checkCheckpoint(recipe, roots));
  // Opening videos needs Python.
  const { probe: _, ...unopened } = load;
  const data = await validateSources(
    usedSources(recipe),
    roots,
    machineFacts === undefined ? unopened : load,
  );
  errors.push(...data.errors);
  if (data.errors.length === 0)
    for (const [i, stage] of recipe.stages.entries())
      await tried(() => {
        // Clips that are not generated yet are counted only; their generated labels are valid.
        const videos = data.reports.filter(({ name }) => stage.train.includes(name));
        stepsOf(
          stage,
          recipe,
          videos.reduce((sum, { videos: count }) => sum + count, 0),
        );
        checkItems(
          stage,
          stage.train.flatMap((name) => data.items.get(name) ?? []),
          `stages[${i}]`,
        );
      });
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

function lacks({ engine: { device, processes } }: Recipe, machine: Machine): CodedErrorData[] {
  const cuda = device === 'cuda' || (device === 'auto' && machine.gpus > 0);
  if (!cuda || (machine.gpus > 0 && processes <= machine.gpus)) return [];
  return [
    new CodedError('train/gpu', { wanted: processes, gpus: machine.gpus, torch: machine.torch }).toData(),
  ];
}
