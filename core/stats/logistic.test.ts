import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitLogistic, logisticAt } from './logistic.ts';

/** Drawn once; the optimum is scipy 1.17.1 `curve_fit` at tolerances of 1e-14. */
const x = [
  1.34, 1.95, 4.21, 3.33, 1.38, 2.73, 2.92, 1.64, 3.94, 1.45, 2.56, 3.07, 2.72, 3.35, 3.95, 4.83, 2.14, 3.59,
  3.78, 2.17, 1.01, 4.89, 2.19, 2.26, 4.57, 3.34, 2.89, 4.09, 1.12, 3.83, 2.5, 1.36, 3.64, 4.73, 1.83, 3.52,
  2.19, 3.97, 3.89, 1.87,
];
const y = [
  16.9, 30.1, 83.3, 59.8, 19.5, 44.6, 49.6, 31.3, 79.1, 25.0, 44.7, 53.3, 40.6, 64.5, 78.7, 85.4, 28.6, 69.5,
  63.0, 35.0, 24.1, 80.1, 32.8, 30.0, 87.5, 53.8, 45.3, 81.6, 27.1, 65.4, 36.8, 25.0, 67.3, 92.0, 22.8, 68.2,
  28.4, 82.3, 75.1, 26.5,
];
const scipy = {
  low: 20.89871656108436,
  high: 91.26788701911875,
  middle: 3.19503433788566,
  width: 0.5817333556390691,
};

describe('logistic of four parameters', () => {
  test('the optimum of scipy, to 1e-4 of each parameter', () => {
    const fit = fitLogistic(x, y);
    for (const key of ['low', 'high', 'middle', 'width'] as const)
      expect(fit[key]).toBeCloseTo(scipy[key], 3);
  });
  test('a curve is found again from its own points, falling ones too', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 50, noNaN: true }),
        fc.double({ min: 20, max: 100, noNaN: true }),
        fc.boolean(),
        fc.double({ min: 2, max: 4, noNaN: true }),
        fc.double({ min: 0.3, max: 1, noNaN: true }),
        (base, height, falling, middle, width) => {
          const [low, high] = falling ? [base + height, base] : [base, base + height];
          const points = Array.from({ length: 41 }, (_, i) => 1 + i / 10);
          const values = points.map((at) => logisticAt({ low, high, middle, width }, at));
          const fit = fitLogistic(points, values);
          for (const at of points) {
            expect(Math.abs(logisticAt(fit, at) - logisticAt({ low, high, middle, width }, at))).toBeLessThan(
              height * 1e-3,
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });
  test('too few or equal scores are refused', () => {
    expect(() => fitLogistic([1, 2, 3, 4], [1, 2, 3, 4])).toThrow('metrics/too-few');
    expect(() => fitLogistic([2, 2, 2, 2, 2], [1, 2, 3, 4, 5])).toThrow('metrics/too-few');
  });
  test('points that no curve fits still end', () => {
    const fit = fitLogistic([1, 2, 3, 4, 5, 6], [1, -1, 1, -1, 1, -1]);
    expect(Number.isFinite(logisticAt(fit, 3))).toBe(true);
  });
});
