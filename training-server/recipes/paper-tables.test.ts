/** The recipes of the paper's rows against its tables, and docs/reproducing.md against both. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Recipe } from '../../core/training/recipe.ts';
import {
  comparedRecipes,
  deviations,
  paperRows,
  paperSettings,
  reproducing,
  withPaperTables,
} from './paper-tables.ts';
import { recipeFolder, recipeFromFile } from './recipe-files.ts';

const resolved = (name: string) => recipeFromFile(join(recipeFolder, `${name}.json`));

test.each(paperRows.map((row) => [`${row.table}, ${row.row}`, row] as const))(
  'Table %s: rewards, motion and reasoning are those of the row',
  async (_, { recipe: name, settings, table }) => {
    const { rules, model, stages } = await resolved(name);
    const [stage] = stages;
    expect(stages).toHaveLength(1);
    expect(model.motion).toBe(settings.motion);
    expect(rules.reasoning).toBe(settings.reasoning);
    if (table === 7) {
      expect(stage!.objective).toBe('sft');
      return;
    }
    expect(stage!.objective).toBe('grpo');
    expect(rules.columns).toEqual({
      rank: Number(settings.rank),
      regression: Number(settings.regression),
      format: 1,
    });
    expect(rules.temporalOn).toBe(settings.temporal);
    // A bonus for all completions of a group cancels in its advantage.
    if (settings.temporal) expect(rules.temporal.bonus).toBe('aboveTau');
  },
);

test('the rows of Table 8 differ from the headline in their own switches alone', async () => {
  const headline = await resolved('vqathinker-8b-headline');
  for (const { recipe: name, settings, table } of paperRows) {
    if (table === 7) continue;
    const other = await resolved(name);
    const switched: Recipe = {
      ...headline,
      name,
      about: other.about,
      model: { ...headline.model, motion: settings.motion },
      rules: {
        ...headline.rules,
        columns: { rank: Number(settings.rank), regression: Number(settings.regression), format: 1 },
        temporalOn: settings.temporal!,
        reasoning: settings.reasoning,
      },
      stages: headline.stages.map((stage) => ({
        ...stage,
        parts: { ...stage.parts, motionProjector: settings.motion },
      })),
    };
    expect(other).toEqual(switched);
  }
});

test('Table 7, SFT: all settings that both have are those of the headline', async () => {
  const [headline, sft] = [await resolved('vqathinker-8b-headline'), await resolved('vqathinker-8b-sft')];
  const [grpo, stage] = [headline.stages[0]!, sft.stages[0]!];
  for (const key of ['epochs', 'parts', 'optimiser', 'evaluation', 'checkpoints', 'train'] as const)
    expect(stage[key]).toEqual(grpo[key]);
  expect(stage.schedule).toEqual({ ...grpo.schedule, length: null });
  expect(sft.engine).toEqual(headline.engine);
  expect(sft.sources).toEqual(headline.sources);
});

describe('Table 6', () => {
  // Written from the table, a second time.
  const table = `max_prompt_length 512, num_generations 4, max_completion_length 2048, deepspeed stage 2,
    Numerical precision bfloat16, temperature 0.9, top_p 1, top_k 50, learning_rate 0.000001, β 0.04, epsilon 0.2,
    gradient_accumulation_steps 2, num_train_epochs 3, batch_size 64`;

  test('is whole', () => {
    const rows = table.split(',').map((text) => text.trim());
    expect(paperSettings.map(({ field, paper }) => `${field} ${paper}`)).toEqual(rows);
  });

  const everywhere = ['max_prompt_length', 'deepspeed stage', 'gradient_accumulation_steps'];
  const released = [...everywhere, 'temperature', 'batch_size'];
  const rows = paperRows.filter((row) => row.table === 8).map((row) => row.recipe);
  test.each<[string, string[]]>([
    ['vqathinker-8b-paper', everywhere],
    ['vqathinker-8b-sft', everywhere],
    ...['vqathinker-8b-official', ...rows].map((name): [string, string[]] => [name, released]),
  ])('%s deviates where it says so and nowhere else', async (name, expected) => {
    const recipe = await resolved(name);
    const different = paperSettings.filter(({ paper, of }) => (of(recipe) ?? paper) !== paper);
    expect(different.map(({ field }) => field).sort()).toEqual([...expected].sort());
    for (const field of expected) expect(deviations[field]).toMatch(/\w/);
  });
});

test('docs/reproducing.md has these tables (node training-server/recipes/paper-tables.ts)', async () => {
  const recipes = new Map<string, Recipe>();
  for (const name of comparedRecipes) recipes.set(name, await resolved(name));
  const text = readFileSync(reproducing, 'utf8');
  expect(withPaperTables(text, recipes)).toBe(text);
});
