import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastLine, linesOf, offsetOfStep, wholeLines } from './lines.ts';
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
  expect(await lastLine(file)).toBe('twö');
  appendFileSync(file, 'ee\n');
  expect(await collect(file)).toEqual(['one', 'twö', 'three']);
  writeFileSync(file, 'half');
  expect(await collect(file)).toEqual([]);
  expect([await wholeLines(file), await lastLine(file)]).toEqual([0, null]);
  writeFileSync(file, `one\n${'x'.repeat(200_000)}`);
  expect(await wholeLines(file)).toBe(4);
});

test('the lines of a step are found where they are, however long the lines before', async () => {
  const file = join(folder, 'steps');
  const line = fc.tuple(
    fc.integer({ min: 0, max: 2 }),
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 })),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.integer({ min: 0, max: 30 }),
      async (parts, wanted) => {
        let step = 0;
        const lines = parts.map(([rise, length]) => {
          step += rise;
          return { step, text: `{"step":${step},"x":"${'y'.repeat(length)}"}\n` };
        });
        writeFileSync(file, lines.map(({ text }) => text).join(''));
        const before = lines
          .filter((one) => one.step < wanted)
          .reduce((sum, { text }) => sum + text.length, 0);
        expect(await offsetOfStep(file, wanted)).toBe(before);
      },
    ),
    { numRuns: 60 },
  );
  expect(await offsetOfStep(join(folder, 'none'), 3)).toBe(0);
});
