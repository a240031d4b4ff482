import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupAdvantage } from './advantage.ts';
import { RULES } from './reward-rules.ts';

const rules = RULES.ours.advantage;
const rewards = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 16 });

test('advantages of a group sum to 0 and keep the order of the rewards', () => {
  fc.assert(
    fc.property(rewards, (group) => {
      const { values } = groupAdvantage(group, rules);
      // Rounding of the mean is magnified by at most 1/ε.
      expect(Math.abs(values.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-9);
      for (const [i, a] of group.entries())
        for (const [j, b] of group.entries()) if (a > b) expect(values[i]).toBeGreaterThanOrEqual(values[j]!);
    }),
  );
});

test('a constant bonus to the whole group cancels (eq. 8 as written)', () => {
  fc.assert(
    fc.property(rewards, fc.double({ min: -1, max: 1, noNaN: true }), (group, bonus) => {
      const plain = groupAdvantage(group, rules);
      const raised = groupAdvantage(
        group.map((reward) => reward + bonus),
        rules,
      );
      for (const [k, value] of plain.values.entries()) expect(raised.values[k]).toBeCloseTo(value, 8);
    }),
  );
});

test('equal rewards give exact zeros, whatever K is', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -10, max: 10, noNaN: true }),
      fc.integer({ min: 2, max: 64 }),
      (reward, K) => {
        const { values } = groupAdvantage(Array(K).fill(reward), rules);
        expect(values.every((value) => value === 0)).toBe(true);
      },
    ),
  );
});

test('a single answer has no advantage', () => {
  expect(groupAdvantage([2], rules).values).toEqual([Number.NaN]);
  expect(groupAdvantage([2], { epsilon: 1e-4, deviation: 'population' }).values).toEqual([0]);
});
