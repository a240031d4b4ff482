import { isAbsolute, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import type { Params } from '../engine/protocol.ts';
import { fixture, settled, testRecipe } from './testing.ts';

test('relative folders are those of this process, whatever folder the engine works in', async () => {
  const at = fixture();
  const here = (name: string) => relative(process.cwd(), join(at.root, name));
  const manager = await at.manager({ runs: here('runs'), cache: here('cache') });
  const { id } = await manager.start(testRecipe());
  expect(await settled(manager, id)).toMatchObject({ state: 'finished' });
  const [engine] = at.engines;
  const params = <M extends 'load' | 'save' | 'export'>(method: M) =>
    engine!.calls.flatMap((call) => (call.method === method ? [call.params as Params<M>] : []));
  const folders = [
    ...params('load').map(({ pixelCache }) => pixelCache.folder),
    ...params('save').map(({ folder }) => folder),
    ...params('export').map(({ folder }) => folder),
  ];
  expect(folders.length).toBeGreaterThan(3);
  for (const folder of folders) {
    expect(isAbsolute(folder)).toBe(true);
    expect(folder.startsWith(at.root)).toBe(true);
  }
  await manager.close();
});
