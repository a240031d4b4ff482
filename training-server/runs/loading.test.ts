/** A run whose clips are generated first: progress in the log, and a pause in the middle. */
import { expect, test } from 'vitest';
import { fixture, settled, testRecipe } from './testing.ts';

test('generation is logged, and a pause ends it', async () => {
  const at = fixture();
  const manager = await at.manager({
    loadData: (_recipe, _roots, _cache, { onProgress, signal }) =>
      new Promise((_, reject) => {
        for (const done of [1, 2, 3]) onProgress?.(done, 400);
        signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
      }),
  });
  const { id } = await manager.start(testRecipe());
  const shown: unknown[] = [];
  manager.subscribe(id, ({ event }) => event.type === 'progress' && shown.push(event), 0);
  await expect.poll(() => shown[0]).toEqual({ type: 'progress', phase: 'load', done: 1, of: 400 });
  const lines = async () => (await manager.log(id, 9)).map(({ text }) => text);
  await expect.poll(lines).toContain('generating clips: 1 of 400 scenes');
  expect(await lines()).not.toContain('generating clips: 2 of 400 scenes');
  await manager.pause(id);
  expect(await settled(manager, id)).toMatchObject({ state: 'paused', reason: null });
  expect(at.engines).toHaveLength(0);
  await manager.close();
});
