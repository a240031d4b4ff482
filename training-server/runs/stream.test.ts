import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linesOf, wholeLines } from './lines.ts';
import { Stream } from './stream.ts';

const folder = mkdtempSync(join(tmpdir(), 'stream-'));
const collect = async (file: string) => {
  const lines: string[] = [];
  for await (const line of linesOf(file)) lines.push(line);
  return lines;
};

test('what is beyond the kept bytes is cut off, and writing goes on from there', async () => {
  const file = join(folder, 'a');
  const first = await Stream.open(file);
  await first.appendJson({ é: 1 });
  const { bytes } = first;
  await first.appendJson({ b: 2 });
  await first.close();
  const second = await Stream.open(file, bytes);
  expect(readFileSync(file, 'utf8')).toBe('{"é":1}\n');
  await second.append('c\n');
  expect(second.bytes).toBe(bytes + 2);
  await second.close();
  expect(readFileSync(file, 'utf8')).toBe('{"é":1}\nc\n');
});

test('a file that is shorter than what was kept is not made longer', async () => {
  const file = join(folder, 'b');
  writeFileSync(file, 'one\n');
  const stream = await Stream.open(file, 100);
  expect(stream.bytes).toBe(4);
  await stream.close();
});

test('a last line without its end is not there yet', async () => {
  const file = join(folder, 'c');
  expect(await collect(file)).toEqual([]);
  writeFileSync(file, 'one\ntwö\nthr');
  expect(await collect(file)).toEqual(['one', 'twö']);
  expect(await wholeLines(file)).toBe(9);
  appendFileSync(file, 'ee\n');
  expect(await collect(file)).toEqual(['one', 'twö', 'three']);
  writeFileSync(file, 'half');
  expect(await collect(file)).toEqual([]);
});
