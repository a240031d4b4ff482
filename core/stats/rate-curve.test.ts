import { expect, test } from 'vitest';
import { rateCurve } from './rate-curve.ts';

const points = (scores: readonly (number | null)[], rate = (k: number) => 250_000 * 2 ** k) =>
  scores.map((score, k) => ({ rate: rate(k), score }));

test('a curve that flattens has its knee where it flattens', () => {
  const { knee, steps } = rateCurve(points([1.5, 2.6, 3.6, 3.7, 3.75]));
  expect(knee).toBe(2);
  expect(steps.map(({ gain }) => gain?.toFixed(2) ?? null)).toEqual([null, '1.10', '1.00', '0.10', '0.05']);
});

test('the order of the renditions does not matter, and gains are a doubling', () => {
  const shuffled = [3, 0, 4, 1, 2].map(
    (k) => points([1.5, 2.6, 3.6, 3.7, 3.75], (n) => 100_000 * 4 ** n)[k]!,
  );
  const { knee, steps } = rateCurve(shuffled);
  expect(knee).toBe(4);
  expect(steps.map(({ index }) => index)).toEqual([1, 3, 4, 0, 2]);
  expect(steps[1]!.gain).toBeCloseTo(0.55, 9);
});

test('one noisy score does not become the knee', () => {
  expect(rateCurve(points([1.5, 2.9, 2.5, 3.6, 3.7, 3.72])).knee).toBe(3);
});

test.each([
  ['a straight line', [1, 2, 3, 4]],
  ['equal scores', [3, 3, 3, 3]],
  ['a falling one', [4, 3, 2, 1]],
  ['two renditions', [1, 4]],
  ['no scores', [null, null, null]],
])('%s has no knee', (_, scores) => {
  expect(rateCurve(points(scores)).knee).toBeNull();
});

test('equal rates have no gain, and a missing score is passed over', () => {
  const { steps } = rateCurve([
    { rate: 1e6, score: 2 },
    { rate: 1e6, score: 3 },
    { rate: 2e6, score: null },
  ]);
  expect(steps.map(({ gain }) => gain)).toEqual([null, null, null]);
});
