/** Cards of recipes: the checkpoint that each starts from, on this machine or not. */
import { expect, test } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { recipeCards } from './recipes.ts';

test('a recipe is ready when its checkpoint is below the roots', async () => {
  const asked: string[] = [];
  const cards = await recipeCards({
    resolve: async (path) => {
      asked.push(path);
      if (path.startsWith('training-server/checkpoints/tiny')) return path;
      throw new CodedError('train/missing-path', { field: path });
    },
  });
  const ready = cards.filter((card) => card.ready).map(({ name }) => name);
  expect(ready).toEqual(['tiny-cpu', 'tiny-cpu-lora', 'tiny-cpu-votes']);
  expect(asked).toContain('checkpoints/InternVL3-8B-motion/config.json');
});
