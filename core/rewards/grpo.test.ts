import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  clippedSurrogate,
  grpoLoss,
  k3,
  type LossBatch,
  type LossSettings,
  lossTypes,
  lossWeights,
} from './grpo.ts';

const logp = fc.integer({ min: -4096, max: 0 }).map((n) => n / 1024);
const batches = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 })).chain(([B, T]) => {
  const list = fc.array(fc.array(logp, { minLength: T, maxLength: T }), { minLength: B, maxLength: B });
  const advantage = fc.double({ min: -2, max: 2, noNaN: true });
  const lengths = fc.array(fc.integer({ min: 1, max: T }), { minLength: B, maxLength: B });
  return fc.record({
    policy: list,
    old: list,
    ref: list,
    mask: lengths.map((all) => all.map((n) => Array.from({ length: T }, (_, t) => (t < n ? 1 : 0)))),
    advantages: fc.array(advantage, { minLength: B, maxLength: B }),
  });
});

const settings: LossSettings = {
  beta: 0.04,
  epsilonLow: 0.2,
  epsilonHigh: 0.28,
  delta: null,
  biasCorrectedKl: true,
  importance: 'token',
};
const normalisation = {
  gradientAccumulation: 2,
  stepsPerGeneration: 4,
  processes: 2,
  itemsInBatch: 30,
  maxCompletionLength: 16,
  emptySequence: 'one' as const,
};

test('k3 is never negative and zero only where both agree', () => {
  fc.assert(
    fc.property(logp, logp, (policy, ref) => {
      const { value } = k3(policy, ref);
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value === 0).toBe(policy === ref);
    }),
  );
});

/** Oracle: central differences; skipped within a step of a bound, where the loss has a kink. */
test('the gradient is the derivative of the loss', () => {
  const step = 1e-6;
  const bounds = [Math.log(0.8), Math.log(1.28)];
  for (const importance of ['token', 'sequence'] as const)
    fc.assert(
      fc.property(batches, fc.constantFrom(...lossTypes), (batch, type) => {
        const variant = { ...settings, importance };
        const { gradient } = grpoLoss(batch, variant, type, normalisation);
        const near = (b: number, t: number) => {
          const row = batch.policy[b]!.map((value, i) => value - batch.old[b]![i]!);
          const masked = row.filter((_, i) => batch.mask[b]![i] === 1);
          const ratio =
            importance === 'token' ? row[t]! : masked.reduce((sum, value) => sum + value, 0) / masked.length;
          return bounds.some((bound) => Math.abs(ratio - bound) < 2 * step);
        };
        const at = (b: number, t: number, by: number): LossBatch => ({
          ...batch,
          policy: batch.policy.map((row, i) =>
            row.map((value, j) => (i === b && j === t ? value + by : value)),
          ),
        });
        for (const [b, row] of gradient.entries())
          for (const [t, slope] of row.entries()) {
            if (near(b, t)) continue;
            const [up, down] = [step, -step].map(
              (by) => grpoLoss(at(b, t, by), variant, type, normalisation).value,
            );
            const scale = Math.max(1, Math.abs(up!), Math.abs(slope));
            expect(Math.abs((up! - down!) / (2 * step) - slope)).toBeLessThan(1e-6 * scale * 10);
          }
      }),
      { numRuns: 40 },
    );
});

test('the weights of a loss type add up to its share of the step', () => {
  const mask = [
    [1, 1, 1, 0],
    [1, 0, 0, 0],
  ];
  const total = (type: (typeof lossTypes)[number]) =>
    lossWeights(type, mask, normalisation)
      .flat()
      .reduce((sum, weight) => sum + weight, 0);
  expect(total('grpo')).toBeCloseTo(1 / 2, 15);
  expect(total('bnpo')).toBeCloseTo(1 / 2, 15);
  expect(total('dr_grpo')).toBeCloseTo(4 / (2 * 16) / 2, 15);
  expect(total('dapo')).toBeCloseTo((4 * 2 * 4) / (30 * 2), 15);
  expect(lossWeights('grpo', [[0, 0]], { ...normalisation, emptySequence: 'zero' })).toEqual([
    [Number.NaN, Number.NaN],
  ]);
});

test('a clip binds on the side where it would be passed', () => {
  const clip = (ratio: number, advantage: number, delta: number | null = null) =>
    clippedSurrogate(Math.log(ratio), advantage, { ...settings, delta });
  expect(clip(1.5, 1)).toMatchObject({ clipped: 'high', slope: 0, value: 1.28 });
  expect(clip(0.5, -1)).toMatchObject({ clipped: 'low', slope: 0, value: -0.8 });
  expect(clip(1.5, -1)).toMatchObject({ clipped: null });
  expect(clip(1.5, -1).slope).toBeCloseTo(-1.5, 12);
  expect(clip(3, -1, 2)).toMatchObject({ value: -2, slope: 0 });
});

test('β without a reference is an error', () => {
  const batch: LossBatch = { policy: [[-1]], old: null, ref: null, mask: [[1]], advantages: [1] };
  expect(() => grpoLoss(batch, settings, 'grpo', normalisation)).toThrow(
    expect.objectContaining({ code: 'grpo/no-reference' }),
  );
  expect(grpoLoss(batch, { ...settings, beta: 0 }, 'bnpo', normalisation)).toMatchObject({
    value: -0.5,
    gradient: [[-0.5]],
  });
});
