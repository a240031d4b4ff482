import { expect, test } from 'vitest';
import { countGuards, firedGuard, noGuardCounts } from './guards.ts';

const limits = { maxKl: 0.5, minEntropy: 0.1, maxEntropy: 3, steps: 2 };
const after = (...values: Record<string, number | null>[]) =>
  values.reduce<typeof noGuardCounts>((counts, value) => countGuards(counts, limits, value), noGuardCounts);
const code = (...values: Record<string, number | null>[]) =>
  firedGuard(after(...values), limits, 9, 6)?.toData().code ?? null;

const calm = { kl: 0.5, entropy: 1 };
test('a limit must be passed for its steps, one after the other', () => {
  expect(code(calm, calm, calm)).toBeNull();
  expect(code({ ...calm, kl: 0.6 })).toBeNull();
  expect(code({ ...calm, kl: 0.6 }, calm, { ...calm, kl: 0.6 })).toBeNull();
  expect(code({ ...calm, kl: 0.6 }, { ...calm, kl: 0.6 })).toBe('train/guard');
  expect(firedGuard(after({ kl: 0.6 }, { kl: 9 }), limits, 9, 6)!.params).toEqual({
    kl: 0.5,
    step: 9,
    resume: 6,
  });
});

test('entropy on both sides', () => {
  expect(code({ entropy: 0.05 }, { entropy: 0.05 })).toBe('train/entropy');
  expect(code({ entropy: 4 }, { entropy: 4 })).toBe('train/entropy');
});

test('what is no number has passed; what was not measured has not', () => {
  expect(code({ kl: null }, { kl: Number.NaN })).toBe('train/guard');
  expect(code({}, {}, {})).toBeNull();
});

test('a guard that is off', () => {
  const off = { ...limits, maxKl: null };
  expect(countGuards(noGuardCounts, off, { kl: 99 }).maxKl).toBe(0);
});
