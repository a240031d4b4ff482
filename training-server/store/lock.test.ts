/** The lock of a runs folder: one holder, also after kills, among containers, and on a shared disk. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { type Holder, lock, thisProcess } from './lock.ts';

const home = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
let count = 0;
const fresh = () => join(mkdtempSync(join(home, `${count++}-`)), 'lock.json');

const self = await thisProcess();
const elsewhere: Holder = { pid: 1, start: '7', host: 'node-17', boot: 'b', namespace: 'pid:[1]' };
/** A process id of which nobody is left. */
const ended = spawnSync(process.execPath, ['--version']).pid;

test('is held by one, and leaves nothing when it is released', async () => {
  const file = fresh();
  const release = await lock(file);
  await expect(lock(file)).rejects.toMatchObject({ code: 'train/in-use', params: { pid: process.pid } });
  await release();
  expect(readdirSync(join(file, '..'))).toEqual([]);
  await (await lock(file))();
});

test.each([
  ['of a process that has ended', JSON.stringify({ ...self, pid: ended })],
  ['of a process id that another program has by now', JSON.stringify({ ...self, start: '1' })],
  ['of this machine before it started again', JSON.stringify({ ...self, boot: 'another' })],
  ['of an earlier version', JSON.stringify({ pid: ended, start: null })],
  ['that is damaged', '{"pid":'],
])('a lock %s is taken by exactly one of many', async (_, text) => {
  for (let round = 0; round < 20; round++) {
    const file = fresh();
    writeFileSync(file, text);
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => lock(file)));
    const held = all.filter((one) => one.status === 'fulfilled');
    expect(held).toHaveLength(1);
    for (const one of all)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'train/in-use' });
    await held[0]!.value();
    expect(readdirSync(join(file, '..'))).toEqual([]);
  }
});

test.each([
  ['another machine', elsewhere],
  ['a container of this machine', { ...self, pid: 1, namespace: 'pid:[9]' }],
])('a process id of %s means nothing here: its lock holds while it is touched', async (_, holder) => {
  const file = fresh();
  writeFileSync(file, JSON.stringify(holder));
  const refused = await lock(file).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'train/in-use-elsewhere', params: { pid: 1, host: holder.host } });
  expect(errorMessage(refused as CodedError)).toContain(`Process 1 of ${holder.host}`);
  const then = new Date(Date.now() - 600_000);
  utimesSync(file, then, then);
  const release = await lock(file);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
  await release();
});

test('who was taken for ended does not remove the lock of its successor', async () => {
  const file = fresh();
  const release = await lock(file, elsewhere);
  const then = new Date(Date.now() - 600_000);
  utimesSync(file, then, then);
  const second = await lock(file);
  await release();
  expect(existsSync(file)).toBe(true);
  await second();
  expect(existsSync(file)).toBe(false);
});
