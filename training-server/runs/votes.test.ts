/** Training without labels: the votes of the model rank the videos, and nothing else of a label reaches the engine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Params } from '../engine/protocol.ts';
import { fixture, settled, testRecipe } from './testing.ts';

const rules = { rankTruth: 'votes', columns: { regression: 0 } };

/** Advantages of every update of a run. */
async function advantages(source: object): Promise<number[][]> {
  const at = fixture();
  const names = Array.from({ length: 20 }, (_, i) => `train-${i}.mp4`);
  writeFileSync(join(at.root, 'list.txt'), names.join('\n'));
  const manager = await at.manager();
  const { id } = await manager.start(testRecipe({ rules, sources: { train: source } }));
  expect(await settled(manager, id)).toMatchObject({ state: 'finished', reason: null });
  const [group] = await manager.completions(id, 1);
  expect(group!.mos === null).toBe('kind' in source);
  const values = (await manager.metrics(id)).at(-1)!.values;
  expect(values['eval/srcc']).toBeGreaterThan(0);
  await manager.close();
  return at.engines[0]!.calls.flatMap(({ method, params }) =>
    method === 'update'
      ? [
          (params as Params<'update'>).groups.flatMap(({ completions }) =>
            completions.map(({ advantage }) => advantage),
          ),
        ]
      : [],
  );
}

test('a run on a list of paths is the run on labelled videos whose labels are not read', async () => {
  // The identifiers, which seed the draws, are those of the table, too.
  const listed = await advantages({ kind: 'paths', file: 'list.txt' });
  const labelled = await advantages({});
  expect(listed).toHaveLength(12);
  expect(listed.flat().some((advantage) => advantage !== 0)).toBe(true);
  expect(listed).toEqual(labelled);
});
