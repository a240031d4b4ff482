/** Run folders with damaged files: each costs its own record or its own run, and the others stay. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fixture, settled, testRecipe } from './testing.ts';

const ZEROS = '\0'.repeat(64);

/** Two finished runs of one root; the folder of the first is to be corrupted. */
async function twoRuns() {
  const at = fixture();
  const manager = await at.manager();
  const first = (await manager.start(testRecipe())).id;
  await settled(manager, first);
  const second = (await manager.start(testRecipe())).id;
  await settled(manager, second);
  await manager.close();
  const file = (name: string) => join(at.root, 'runs', first, name);
  return { at, first, second, file };
}

test.each([
  ['metrics.jsonl', (text: string) => text.replace(/\n[^\n]*\n/, `\n${ZEROS}\n`)],
  ['completions.jsonl', (text: string) => text.replace(/^[^\n]*\n/, `${ZEROS}\n`)],
  ['events.jsonl', (text: string) => `${text}${ZEROS}\n`],
  ['log.jsonl', (text: string) => `${text}${ZEROS}\n`],
  ['engine.json', () => ''],
  ['checkpoints/step-12/checkpoint.json', () => ''],
  ['checkpoints/last.json', () => ZEROS],
])('%s', async (name, corrupt) => {
  const { at, first, file } = await twoRuns();
  let text = '';
  try {
    text = readFileSync(file(name), 'utf8');
  } catch {} // engine.json is there while an engine works only
  writeFileSync(file(name), corrupt(text));

  const manager = await at.manager();
  expect(manager.list()).toHaveLength(2);
  const metrics = await manager.metrics(first, 1);
  expect(metrics.at(-1)).toMatchObject({ step: 12 });
  expect(metrics.length).toBeGreaterThanOrEqual(11);
  expect((await manager.completions(first, 2)).map(({ step }) => step)).toEqual([2, 2, 2, 2]);
  await manager.checkpoints(first);
  expect((await manager.log(first, 10)).length).toBeGreaterThan(0);
  await manager.close();
});

test.each(['run.json', 'recipe.json'])('a run whose %s is damaged is left out and named', async (name) => {
  const { at, first, second, file } = await twoRuns();
  writeFileSync(file(name), ZEROS);
  const unreadable: string[] = [];
  const manager = await at.manager({ onUnreadable: (run) => unreadable.push(run) });
  expect(manager.list().map(({ id }) => id)).toEqual([second]);
  expect(unreadable).toEqual([first]);
  await manager.close();
});
