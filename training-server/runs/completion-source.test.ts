/** Completions of another source than the engine that trains: a script, which gives the label as the score. */
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import type { Params } from '../engine/protocol.ts';
import type { CompletionSource } from '../grpo/completion-source.ts';
import { fixture, settled, testRecipe } from './testing.ts';

/** Tokens that no engine of these tests writes. */
const TOKENS = [11, 12, 13];

/** Label of a video of the fixture, from its name. */
function labelOf(path: string): number {
  const [, role, number] = /^(train|held)-(\d+)/.exec(basename(path))!;
  const count = role === 'train' ? 20 : 6;
  return 1 + (4 * ((Number(number) * 7) % count)) / count;
}

test('rollouts and evaluations come from the source, updates go to the engine', async () => {
  const asked: Params<'rollout'>[] = [];
  const scripted: CompletionSource = {
    generate: async (params) => {
      asked.push(params);
      const completions = params.videos.map(({ path }) =>
        Array.from({ length: params.numGenerations }, (_, k) => ({
          tokens: [...TOKENS, k],
          text: `<think>x</think> <answer>${(labelOf(path) + k / 10).toFixed(2)}</answer>`,
          logps: [...TOKENS, k].map(() => -0.25),
          end: 'eos' as const,
        })),
      );
      return { completions, failed: [], seconds: { decode: 1 }, tokens: 4 };
    },
  };
  const at = fixture();
  const manager = await at.manager({ sourceOf: () => scripted });
  const { id } = await manager.start(
    testRecipe({ stages: [{ name: 'grpo', iterations: 2, steps: 12, checkpoints: { everySteps: 4 } }] }),
  );
  expect(await settled(manager, id)).toMatchObject({ state: 'finished', reason: null });
  const [engine] = at.engines;
  expect(engine!.calls.filter(({ method }) => method === 'rollout')).toEqual([]);
  expect(asked.length).toBeGreaterThan(12 / 2);
  const updates = engine!.calls.flatMap(({ method, params }) =>
    method === 'update' ? (params as Params<'update'>).groups : [],
  );
  for (const { completions } of updates)
    for (const [k, { tokens, oldLogps }] of completions.entries()) {
      expect(tokens).toEqual([...TOKENS, k]);
      // Sampled by another policy than the one that trains, from the second step on.
      expect(oldLogps).toEqual([-0.25, -0.25, -0.25, -0.25]);
    }
  const values = (await manager.metrics(id)).at(-1)!.values;
  expect(values).toMatchObject({ 'eval/srcc': expect.closeTo(1, 12), 'eval/parse_rate': 1 });
  await manager.close();
});
