import fc from 'fast-check';
import { expect, test } from 'vitest';
import { levelScore, levels, mosToLevel } from './levels.ts';

const logits = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 5, maxLength: 5 });

test('the score lies in [0, 1], does not feel a common shift, and is 0.8 · score + 0.2 by the scripts', () => {
  fc.assert(
    fc.property(logits, fc.double({ min: -500, max: 500, noNaN: true }), (list, shift) => {
      const plain = levelScore(list)!;
      const moved = levelScore(list.map((logit) => logit + shift))!;
      expect(plain.score).toBeGreaterThanOrEqual(0);
      expect(plain.score).toBeLessThanOrEqual(1 + 1e-15);
      expect(moved.score).toBeCloseTo(plain.score, 10);
      expect(plain.scriptScore).toBeCloseTo(0.8 * plain.score + 0.2, 14);
      // Turned around, good is bad.
      expect(levelScore([...list].reverse())!.score).toBeCloseTo(1 - plain.score, 12);
    }),
  );
});

test('even logits: the middle, the largest entropy, the better level on a tie', () => {
  expect(levelScore([0, 0, 0, 0, 0])).toMatchObject({
    score: expect.closeTo(0.5, 14),
    level: 'high',
    entropy: expect.closeTo(Math.log(5), 14),
  });
});

test('four or six logits are no level score', () => {
  expect(levelScore([1, 2, 3, 4])).toBeNull();
  expect(levelScore([1, 2, 3, 4, 5, 6])).toBeNull();
});

test('every bin of 20 has its level', () => {
  const level = (mos: number) => mosToLevel(mos);
  expect([90, 70, 50, 30, 10].map(level)).toEqual([...levels]);
  expect([100, 100.001, -0.001, Number.NaN].map(level)).toEqual(['high', null, null, null]);
  // Of another scale: bins of 0.8 on 1 to 5.
  expect([1, 1.79, 1.81, 3, 5].map((mos) => mosToLevel(mos, 1, 5))).toEqual([
    'low',
    'low',
    'poor',
    'fair',
    'high',
  ]);
});
