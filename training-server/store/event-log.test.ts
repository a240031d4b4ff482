/** Event and log files that a power cut or a full disk has damaged. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EventLog, type NumberedEvent } from './event-log.ts';
import { RunLog } from './run-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'events-'));
const line = (id: number) =>
  `${JSON.stringify({ id, event: { type: 'checkpoint', step: id, best: false } })}\n`;
const ZEROS = `${'\0'.repeat(100)}\n`;

async function replayed(file: string, since: number): Promise<number[]> {
  const log = await EventLog.open(file);
  const seen: NumberedEvent[] = [];
  const leave = log.subscribe((event) => seen.push(event), since);
  log.emit({ type: 'checkpoint', step: 99, best: false });
  await expect.poll(() => seen.at(-1)?.event).toMatchObject({ step: 99 });
  leave();
  await log.close();
  return seen.map(({ id }) => id);
}

test.each([
  ['zeros at the end', line(1) + line(2) + ZEROS, [1, 2, 3]],
  ['zeros in the middle', line(1) + ZEROS + line(2), [1, 2, 3]],
  ['a cut line in the middle', `${line(1)}{"id":7,"ev\n${line(2)}`, [1, 2, 3]],
  ['other JSON', `${line(1)}null\n42\n{"id":"x"}\n`, [1, 2]],
  ['zeros alone', ZEROS, [1]],
])('%s cost their own line only', async (name, text, ids) => {
  const file = join(folder, name.replaceAll(' ', '-'));
  writeFileSync(file, text);
  expect(await replayed(file, 0)).toEqual(ids);
});

test('old events come one by one as they are taken, in order, with those that come meanwhile', async () => {
  const file = join(folder, 'slow');
  const count = 200;
  writeFileSync(file, Array.from({ length: count }, (_, i) => line(i + 1)).join(''));
  const log = await EventLog.open(file);
  const seen: number[] = [];
  let most = 0;
  let waiting = 0;
  const stop = log.subscribe(async ({ id }) => {
    waiting += 1;
    most = Math.max(most, waiting);
    seen.push(id);
    if (id === 120) for (let i = 0; i < 50; i++) log.emit({ type: 'checkpoint', step: i, best: false });
    await new Promise(setImmediate);
    waiting -= 1;
  }, 100);
  await expect.poll(() => seen.length).toBe(150);
  expect(seen).toEqual(Array.from({ length: 150 }, (_, i) => 101 + i));
  expect(most).toBe(1);
  log.emit({ type: 'checkpoint', step: 99, best: false });
  expect(seen.at(-1)).toBe(251);
  stop();
  log.emit({ type: 'checkpoint', step: 99, best: false });
  expect(seen.at(-1)).toBe(251);
  await log.close();
});

test('a listener that leaves during the replay gets no more', async () => {
  const file = join(folder, 'leaves');
  writeFileSync(file, Array.from({ length: 20 }, (_, i) => line(i + 1)).join(''));
  const log = await EventLog.open(file);
  const seen: number[] = [];
  const stop = log.subscribe(({ id }) => {
    seen.push(id);
    if (id === 5) stop();
  }, 0);
  await expect.poll(() => seen).toEqual([1, 2, 3, 4, 5]);
  log.emit({ type: 'checkpoint', step: 99, best: false });
  await log.close();
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test('a log with a damaged line shows the others', async () => {
  const file = join(folder, 'log');
  const entry = { time: 1, source: 'driver', level: 'info', text: 'one' };
  writeFileSync(file, `${JSON.stringify(entry)}\n${ZEROS}null\n${JSON.stringify(entry)}\n`);
  expect(await new RunLog(file, () => {}).tail(10)).toEqual([entry, entry]);
});
