import { expect, it } from 'vitest';
import { openTime } from './overhead.ts';

it('time in which a call is open: overlaps count once, what lies outside not at all', () => {
  const calls = [
    { begin: 10, end: 30 },
    { begin: 20, end: 25 },
    { begin: 28, end: 40 },
    { begin: 60, end: 90 },
  ];
  // By hand: 10–40 and 60–80 of 0–80; 15–35 of 15–35.
  expect(openTime(calls, 0, 80)).toBe(50);
  expect(openTime([...calls].reverse(), 0, 80)).toBe(50);
  expect(openTime(calls, 15, 35)).toBe(20);
  expect(openTime(calls, 41, 59)).toBe(0);
  expect(openTime([], 0, 10)).toBe(0);
});
