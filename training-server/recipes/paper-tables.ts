/**
 * The paper's tables of settings and results (arXiv 2508.06051, Tables 6 to 8), and the recipes that stand for their
 * rows. `node training-server/recipes/paper-tables.ts` writes them into docs/reproducing.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Recipe } from '../../core/training/recipe.ts';

/** SRCC and PLCC, means weighted by videos. */
interface Overall {
  readonly inDomain: readonly [srcc: number, plcc: number];
  readonly outOfDistribution: readonly [srcc: number, plcc: number];
}

export interface PaperRow extends Overall {
  readonly table: 7 | 8;
  readonly row: string;
  readonly recipe: string;
  /** Columns of Table 8; of Table 7's SFT row only those that apply. */
  readonly settings: {
    readonly rank: boolean | null;
    readonly regression: boolean | null;
    readonly temporal: boolean | null;
    readonly motion: boolean;
    readonly reasoning: boolean;
  };
  /** Estimated hours on eight H100, `python -m bench.scaling` for 32 videos a step. */
  readonly hours: string;
}

const row = (
  name: string,
  recipe: string,
  [rank, regression, temporal, motion, reasoning]: readonly boolean[],
  [si, pi, so, po]: readonly number[],
  hours: string,
): PaperRow => ({
  table: 8,
  row: name,
  recipe,
  settings: {
    rank: rank!,
    regression: regression!,
    temporal: temporal!,
    motion: motion!,
    reasoning: reasoning!,
  },
  inDomain: [si!, pi!],
  outOfDistribution: [so!, po!],
  hours,
});

const [yes, no] = [true, false];

/** Columns of the settings: rank, regression and temporal reward, motion, reasoning. */
export const paperRows: readonly PaperRow[] = [
  row('rank', 'ablation-rank-only', [yes, no, no, yes, yes], [0.78, 0.785, 0.506, 0.541], '2.4'),
  row('reg.', 'ablation-reg-only', [no, yes, no, yes, yes], [0.823, 0.834, 0.62, 0.652], '2.4'),
  row('rank, reg.', 'ablation-no-temporal', [yes, yes, no, yes, yes], [0.849, 0.86, 0.638, 0.677], '2.4'),
  row('no motion', 'ablation-no-motion', [yes, yes, no, no, yes], [0.84, 0.853, 0.614, 0.65], '2.4'),
  row('no reasoning', 'ablation-no-reasoning', [yes, yes, yes, yes, no], [0.844, 0.848, 0.627, 0.66], '–'),
  row('all', 'vqathinker-8b-headline', [yes, yes, yes, yes, yes], [0.855, 0.866, 0.662, 0.698], '2.6'),
  {
    table: 7,
    row: 'SFT',
    recipe: 'vqathinker-8b-sft',
    settings: { rank: null, regression: null, temporal: null, motion: yes, reasoning: no },
    inDomain: [0.837, 0.849],
    outOfDistribution: [0.562, 0.596],
    hours: '–',
  },
];

/** One field of Table 6, and its value in a recipe; undefined where the recipe's objective has no such field. */
export interface PaperSetting {
  readonly field: string;
  readonly paper: number | string;
  readonly of: (recipe: Recipe) => number | string | undefined;
}

const grpoOf = ({ stages }: Recipe) =>
  stages.flatMap((stage) => (stage.objective === 'grpo' ? [stage] : []))[0];

/** Table 6, in its order. */
export const paperSettings: readonly PaperSetting[] = [
  { field: 'max_prompt_length', paper: 512, of: () => 'not cut' },
  { field: 'num_generations', paper: 4, of: (recipe) => grpoOf(recipe)?.k },
  { field: 'max_completion_length', paper: 2048, of: (recipe) => grpoOf(recipe)?.maxTokens },
  { field: 'deepspeed stage', paper: 2, of: () => 'FSDP2' },
  {
    field: 'Numerical precision',
    paper: 'bfloat16',
    of: ({ engine }) => (engine.precision === 'bf16' ? 'bfloat16' : engine.precision),
  },
  { field: 'temperature', paper: 0.9, of: (recipe) => grpoOf(recipe) && recipe.rules.temperature },
  { field: 'top_p', paper: 1, of: (recipe) => grpoOf(recipe)?.topP },
  { field: 'top_k', paper: 50, of: (recipe) => grpoOf(recipe) && (recipe.rules.topK ?? 'off') },
  { field: 'learning_rate', paper: 1e-6, of: ({ stages }) => stages[0]!.optimiser.lr },
  { field: 'β', paper: 0.04, of: (recipe) => grpoOf(recipe)?.beta },
  { field: 'epsilon', paper: 0.2, of: (recipe) => grpoOf(recipe)?.epsilonLow },
  { field: 'gradient_accumulation_steps', paper: 2, of: () => 'any' },
  { field: 'num_train_epochs', paper: 3, of: ({ stages }) => stages[0]!.epochs ?? 'steps' },
  { field: 'batch_size', paper: 64, of: batchOf },
];

function batchOf(recipe: Recipe): number | undefined {
  const stage = recipe.stages[0]!;
  if (stage.objective === 'sft') return stage.videosPerStep;
  return stage.objective === 'grpo' ? recipe.rules.videosPerStep : undefined;
}

/** Differences from Table 6 that recipes have on purpose, by field. */
export const deviations: Readonly<Record<string, string>> = {
  max_prompt_length:
    'A prompt has about 1,700 tokens; the released code sets the limit and does not apply it to videos. No limit here.',
  'deepspeed stage':
    'FSDP2 with weights whole and gradients and optimiser state cut among the GPUs, which is what ZeRO-2 does.',
  gradient_accumulation_steps:
    'A step is cut into packed rows of `engine.packTokens`; the gradient is that of the whole step however it is cut.',
  temperature: 'The released code draws at 1.0: its `GenerationConfig` does not read the option.',
  batch_size:
    'The released script’s 64 counts completions of a micro-batch; two of them make a step of 32 videos with four completions each.',
};

const three = (value: number) => value.toFixed(3).replace(/^0/, '');
const pair = ([srcc, plcc]: readonly [number, number]) => `${three(srcc)} / ${three(plcc)}`;

export function resultsTable(): string {
  const lines = paperRows.map(
    ({ table, row: name, recipe, inDomain, outOfDistribution, hours }) =>
      `| ${table}, ${name} | \`npm run train -- recipes/${recipe}.json\` | ${pair(inDomain)} | ${pair(outOfDistribution)} | ${hours} |`,
  );
  return [
    '| table, row | command | in-domain SRCC / PLCC | out-of-distribution | hours, 8 × H100 |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

/** @param recipes the resolved recipes by name */
export function settingsTable(recipes: ReadonlyMap<string, Recipe>): string {
  const names = [...recipes.keys()];
  const lines = paperSettings.map(({ field, paper, of }) => {
    const values = names.map((name) => {
      const value = of(recipes.get(name)!);
      if (value === undefined) return '';
      return value === paper ? '=' : `${value}`;
    });
    return `| ${field} | ${paper} | ${values.join(' | ')} |`;
  });
  return [
    `| Table 6 | paper | ${names.map((name) => `\`${name}\``).join(' | ')} |`,
    `|${'---|'.repeat(names.length + 2)}`,
    ...lines,
  ].join('\n');
}

export const reproducing = join(import.meta.dirname, '..', '..', 'docs', 'reproducing.md');

/** The document with the present tables. */
export function withPaperTables(text: string, recipes: ReadonlyMap<string, Recipe>): string {
  const put = (document: string, name: string, table: string) => {
    const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
    const [head, rest] = document.split(begin);
    const tail = rest?.split(end)[1];
    if (head === undefined || tail === undefined)
      throw new Error(`docs/reproducing.md lacks ${begin} or ${end}`);
    return `${head}${begin}\n${table}\n${end}${tail}`;
  };
  const listed = Object.entries(deviations).map(([field, reason]) => `- \`${field}\`: ${reason}`);
  return put(
    put(put(text, 'results', resultsTable()), 'settings', settingsTable(recipes)),
    'deviations',
    listed.join('\n'),
  );
}

/** Recipes that are compared with Table 6. */
export const comparedRecipes = [
  'vqathinker-8b-paper',
  'vqathinker-8b-headline',
  'vqathinker-8b-sft',
] as const;

if (process.argv[1] === import.meta.filename) {
  const { recipeFromFile, recipeFolder } = await import('./recipe-files.ts');
  const recipes = new Map<string, Recipe>();
  for (const name of comparedRecipes)
    recipes.set(name, await recipeFromFile(join(recipeFolder, `${name}.json`)));
  writeFileSync(reproducing, withPaperTables(readFileSync(reproducing, 'utf8'), recipes));
}
