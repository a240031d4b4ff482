/** Lists of videos without labels. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { sourceSchema } from '../../core/training/recipe-data.ts';
import { loadSource, openRoots, validateSources } from './api.ts';

const root = mkdtempSync(join(tmpdir(), 'paths-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const name of ['a.mp4', 'with, comma.mp4']) writeFileSync(join(root, name), name);

async function load(text: string) {
  writeFileSync(join(root, 'list.txt'), text);
  const source = sourceSchema.parse({ kind: 'paths', file: join(root, 'list.txt'), root });
  return loadSource({ name: 's', source }, await openRoots([root]));
}

test('have videos without labels, named by their paths', async () => {
  const { items, report, errors, warnings } = await load(
    'a.mp4\r\n\nwith, comma.mp4\nno.mp4\na.mp4\n../up.mp4\n',
  );
  expect(errors).toEqual([]);
  expect(items.map(({ id, mos }) => [id, mos])).toEqual([
    ['a.mp4', null],
    ['with, comma.mp4', null],
  ]);
  expect(report).toMatchObject({ missing: ['no.mp4', '../up.mp4'], duplicates: ['a.mp4'], labels: null });
  expect(warnings.map(({ code }) => code)).toEqual(['train/missing', 'train/outside', 'train/duplicates']);
});

test('opening videos takes the time of all sources together', async () => {
  writeFileSync(join(root, 'list.txt'), 'a.mp4\n');
  const source = sourceSchema.parse({ kind: 'paths', file: join(root, 'list.txt'), root });
  const names = ['one', 'two', 'three'];
  const roots = await openRoots([root]);
  // Time passes only where something waits for it.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const begun = performance.now();
    let isDone = false;
    const validated = validateSources(
      names.map((name) => ({ role: 'train' as const, name, source })),
      roots,
      { probe: () => new Promise(() => {}), probeMs: 400 },
    ).finally(() => {
      isDone = true;
    });
    while (!isDone) {
      if (vi.getTimerCount() > 0) vi.advanceTimersToNextTimer();
      await new Promise(setImmediate);
    }
    const { warnings } = await validated;
    expect(warnings.map(({ code }) => code)).toEqual(names.map(() => 'train/opened'));
    expect(performance.now() - begun).toBe(400);
  } finally {
    vi.useRealTimers();
  }
});

test('name the line of what is no path', async () => {
  const { errors } = await load('a.mp4\n{"image": "a.mp4"}\n');
  expect(errors).toMatchObject([{ code: 'train/data', params: { file: 'list.txt', line: 2 } }]);
});
