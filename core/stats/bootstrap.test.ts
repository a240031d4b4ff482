import { expect, test } from 'vitest';
import { bootstrapIntervals } from './bootstrap.ts';
import { krcc, type Metric, plcc, quantile, rmse, srcc } from './correlation.ts';
import { seededRandom } from './random.ts';

type Numbers = readonly number[];

/** The percentile bootstrap as it is defined: every resample is laid out and measured anew. */
function plainInterval(
  metric: (pred: Numbers, mos: Numbers) => Metric,
  pred: Numbers,
  mos: Numbers,
  draw: (n: number) => number,
) {
  const values: number[] = [];
  for (let round = 0; round < 200; round++) {
    const picks = pred.map(() => draw(pred.length));
    const { value } = metric(
      picks.map((i) => pred[i]!),
      picks.map((i) => mos[i]!),
    );
    if (!Number.isNaN(value)) values.push(value);
  }
  values.sort((a, b) => a - b);
  return { low: quantile(values, 0.025), high: quantile(values, 0.975), resamples: values.length };
}

test.each([
  ['ties on both sides', 30, 6],
  ['no ties', 40, 1e9],
  ['few pairs', 10, 3],
])('the intervals of the plain bootstrap with the same draws: %s', (name, n, values) => {
  const random = seededRandom(name);
  const pred = Array.from({ length: n }, () => Math.floor(random.uniform() * values));
  const mos = pred.map((p) => p + Math.floor((random.uniform() * values) / 2));
  const fitted = pred.map((p) => p * 1.1 + 0.3);
  const draw = () => {
    const random = seededRandom(5);
    return (k: number) => random.int(k);
  };
  const intervals = bootstrapIntervals(pred, mos, { draw: draw(), resamples: 200, fitted });
  const plain = {
    srcc: plainInterval(srcc, pred, mos, draw()),
    plcc: plainInterval(plcc, pred, mos, draw()),
    krcc: plainInterval(krcc, pred, mos, draw()),
    rmse: plainInterval(rmse, fitted, mos, draw()),
  };
  for (const key of ['srcc', 'plcc', 'krcc', 'rmse'] as const) {
    expect(intervals[key].resamples).toBe(plain[key].resamples);
    expect(intervals[key].low).toBeCloseTo(plain[key].low, 11);
    expect(intervals[key].high).toBeCloseTo(plain[key].high, 11);
  }
});

test('constant scores have no correlation and no interval', () => {
  const { srcc: interval } = bootstrapIntervals([1, 1, 1, 1], [1, 2, 3, 4], {
    draw: (n) => Math.floor(n / 2),
    resamples: 5,
    fitted: null,
  });
  expect(interval).toEqual({ low: Number.NaN, high: Number.NaN, resamples: 0 });
});
