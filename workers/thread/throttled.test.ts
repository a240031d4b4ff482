import { expect, test } from 'vitest';
import { throttled } from './throttled.ts';

test('a report an interval, and every one that matters', () => {
  let clock = 0;
  const reported: number[] = [];
  const report = throttled(
    (n: number) => reported.push(n),
    (n) => n === 3 || n === 100,
    () => clock,
  );
  for (const n of [1, 2, 3, 4, 5]) report(n);
  expect(reported).toEqual([1, 3]);
  clock = 60;
  for (const n of [6, 7, 100]) report(n);
  expect(reported).toEqual([1, 3, 6, 100]);
});

test('a report is compared with the last one passed on, not with those left out', () => {
  const reported: string[] = [];
  const report = throttled(
    (word: string) => reported.push(word),
    (word, last) => word[0] !== last[0],
    () => 0,
  );
  for (const word of ['a1', 'a2', 'b1', 'b2', 'a3']) report(word);
  expect(reported).toEqual(['a1', 'b1', 'a3']);
});
