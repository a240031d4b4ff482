import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Recipe } from '../../../core/training/recipe.ts';
import { recipeFields } from '../../../core/training/recipe-fields.ts';
import { mergedRecipe, resolveRecipe } from '../../../core/training/recipe-resolve.ts';
import { recipeMeaningZh, recipeZh } from './messages/recipe.zh.ts';
import { recipeFacts } from './recipe-facts.ts';
import { recipeRows } from './recipe-rows.ts';

const folder = new URL('../../../recipes/', import.meta.url);
const file = (name: string): unknown => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
const recipe = async (name: string): Promise<Recipe> => resolveRecipe(await mergedRecipe(file(name), file));
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -5));

describe('recipeRows', () => {
  it.each(names)('every field of %s is explained, in both languages', async (name) => {
    for (const { path, pattern, kind, about } of recipeRows(await recipe(name), null)) {
      expect([path, about]).toEqual([path, expect.stringMatching(/\S/)]);
      expect([path, pattern, recipeMeaningZh(pattern, kind)]).toEqual([
        path,
        pattern,
        expect.stringMatching(/\p{Script=Han}/u),
      ]);
    }
  });
  it('marks what differs from the base, and what the base lacks', async () => {
    const rows = recipeRows(await recipe('vqathinker-8b'), await recipe('vqathinker-8b-official'));
    const at = (path: string) => rows.find((row) => row.path === path);
    expect(at('rules.videosPerStep')?.base).toEqual({ is: 'other', value: 32 });
    expect(at('rules.alpha')?.base).toEqual({ is: 'same' });
    const changed = recipeRows({ name: 'x', rules: { alpha: 0.8 } }, { name: 'x' });
    expect(changed.find((row) => row.path === 'rules.alpha')?.base).toEqual({ is: 'absent' });
  });
  it('is all the same without a base', async () => {
    expect(recipeRows(await recipe('small-grpo'), null).every((row) => row.base.is === 'same')).toBe(true);
  });
  it('finds the stage of the base by its name, not its place', () => {
    const stage = (name: string, k: number) => ({ objective: 'grpo', name, k });
    const rows = recipeRows({ stages: [stage('b', 2)] }, { stages: [stage('a', 9), stage('b', 4)] });
    expect(rows.find((row) => row.path === 'stages[0].k')?.base).toEqual({ is: 'other', value: 4 });
  });
});

describe('meanings in Chinese', () => {
  it('are there for every field of the schema', () => {
    for (const { path, of } of recipeFields()) {
      const meanings =
        of === null ? recipeMeaningZh(path, null) : of.split(', ').map((kind) => recipeMeaningZh(path, kind));
      for (const meaning of [meanings].flat())
        expect([path, of, typeof meaning]).toEqual([path, of, 'string']);
    }
  });
  it('are there for no field that is gone', () => {
    const paths = new Set(recipeFields().map((field) => field.path));
    for (const key of Object.keys(recipeZh))
      expect([key, paths.has(key.replace(/^\w+:/, ''))]).toEqual([key, true]);
  });
});

describe('recipeFacts', () => {
  it('are those that the charts name', async () => {
    expect(recipeFacts(await recipe('vqathinker-8b'))).toMatchObject({
      objectives: ['grpo'],
      k: 4,
      videosPerStep: 64,
      maxKl: 0.5,
    });
    expect(recipeFacts({ nonsense: true }).k).toBeNull();
  });
});
