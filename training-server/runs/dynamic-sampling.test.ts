/** Dynamic sampling: groups without spread never reach the update, and a step stays a function of its number. */
import { expect, test } from 'vitest';
import type { FakeEngine } from '../engine/fake-engine.ts';
import type { Params } from '../engine/protocol.ts';
import { fixture, settled, streams, testRecipe } from './testing.ts';

/** Only format and regression count: whether a group has spread then depends on its own video alone. */
const rules = { columns: { rank: 0, regression: 1, format: 0 }, temporalOn: false };
const stage = (change: object) => ({ name: 'grpo', k: 2, steps: 6, ...change });

const updates = (engine: FakeEngine) =>
  engine.calls.flatMap(({ method, params }) => (method === 'update' ? [params as Params<'update'>] : []));
const moves = ({ groups }: Params<'update'>) =>
  groups.map(({ completions }) => completions.some(({ advantage }) => advantage !== 0));

/** Runs a recipe whose completions of the named videos are all alike. */
async function run(change: object, alike: (path: string) => boolean) {
  const at = fixture();
  const manager = await at.manager({}, { alike });
  const { id } = await manager.start(testRecipe({ rules, stages: [stage(change)] }));
  const { state, reason } = await settled(manager, id);
  expect([state, reason]).toEqual(['finished', null]);
  const records = (await manager.metrics(id)).filter(({ step }) => step > 0).map(({ values }) => values);
  const groups = await manager.completions(id, 1);
  const { metrics, completions } = streams(manager.folder(id));
  await manager.close();
  const same = { metrics, completions: completions.replaceAll(at.root, '') };
  return { engine: at.engines[0]!, records, groups, same };
}

/** Videos with odd numbers. */
const odd = (path: string) => Number(/(\d+)\.mp4$/.exec(path)![1]) % 2 === 1;

test('groups without spread are replaced until the batch is whole', async () => {
  const plain = await run({}, odd);
  expect(updates(plain.engine).flatMap(moves)).toContain(false);
  expect(plain.records.some((values) => values.frac_reward_zero_std! > 0)).toBe(true);

  const { engine, records, groups } = await run({ dynamicSampling: true, maxResampleTimes: 8 }, odd);
  for (const update of updates(engine)) {
    expect(moves(update)).toEqual([true, true, true, true]);
    expect(new Set(update.groups.map(({ video }) => video.path)).size).toBe(4);
  }
  const generated = records.map((values) => values['dynamic_sampling/generated']!);
  for (const values of records) {
    expect(values['dynamic_sampling/groups']).toBe(4);
  }
  expect(Math.max(...records.map((values) => values['dynamic_sampling/num_gen_batches']!))).toBeGreaterThan(
    1,
  );
  // Records and metrics are of all groups, not of those that were kept.
  expect(groups).toHaveLength(generated[0]!);
  expect(records.some((values) => values.frac_reward_zero_std! > 0)).toBe(true);
});

test('after the last attempt the step has the groups that there are, or is left out', async () => {
  const { engine, records } = await run({ dynamicSampling: true, maxResampleTimes: 2 }, () => true);
  expect(updates(engine)).toEqual([]);
  for (const values of records)
    expect(values).toMatchObject({
      frac_reward_zero_std: 1,
      'dynamic_sampling/groups': 0,
      'dynamic_sampling/num_gen_batches': 3,
    });
});

test('the same run has the same steps again', async () => {
  const change = { dynamicSampling: true };
  expect((await run(change, odd)).same).toEqual((await run(change, odd)).same);
});
