import { expect, test } from 'vitest';
import { learningRate } from './schedule.ts';

const stage = (kind: 'constant' | 'linear' | 'cosine', warmupSteps: number, length: number | null = null) =>
  ({ schedule: { kind, warmupSteps, length }, optimiser: { lr: 2 } }) as Parameters<typeof learningRate>[0];
const rates = (of: Parameters<typeof learningRate>[0], steps: number) =>
  Array.from({ length: steps + 1 }, (_, step) => learningRate(of, step, steps));

// Factors of get_linear_schedule_with_warmup(2, 6), get_cosine_schedule_with_warmup(0, 4), get_constant_schedule_with_warmup(2).
test('as the transformers library has them', () => {
  expect(rates(stage('linear', 2), 6)).toEqual([0, 1, 2, 1.5, 1, 0.5, 0]);
  expect(rates(stage('constant', 2), 4)).toEqual([0, 1, 2, 2, 2]);
  const cosine = rates(stage('cosine', 0), 4);
  for (const [i, rate] of [2, 1 + Math.SQRT1_2, 1, 1 - Math.SQRT1_2, 0].entries())
    expect(cosine[i]).toBeCloseTo(rate, 12);
});

test('the released schedule is longer than its run: 2,631 for 2,628 steps', () => {
  const official = {
    schedule: { kind: 'linear', warmupSteps: 0, length: 2631 },
    optimiser: { lr: 1e-6 },
  } as Parameters<typeof learningRate>[0];
  expect(learningRate(official, 0, 2628)).toBe(1e-6);
  expect(learningRate(official, 2627, 2628)).toBeCloseTo((4 / 2631) * 1e-6, 15);
});

test('never below 0', () => {
  expect(learningRate(stage('linear', 0, 3), 10, 20)).toBe(0);
  expect(learningRate(stage('cosine', 0, 3), 10, 20)).toBe(0);
});
