import fc from 'fast-check';
import { expect, test } from 'vitest';
import { averageRanks, krcc, mae, plcc, quantile, rmse, srcc, srccByEq13 } from './correlation.ts';

const value = fc.integer({ min: -40, max: 40 }).map((n) => n / 8);
const pairs = fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 40 });
const split = (list: [number, number][]) => [list.map(([x]) => x), list.map(([, y]) => y)] as const;

test('SRCC and KRCC do not change under a strictly increasing map, and change sign under a decreasing one', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const [x, y] = split(list);
      for (const metric of [srcc, krcc]) {
        const plain = metric(x, y).value;
        expect(
          metric(
            x.map((v) => Math.exp(v) + v),
            y,
          ).value,
        ).toBe(plain);
        const turned = metric(
          x.map((v) => -(v ** 3)),
          y,
        ).value;
        if (!Number.isNaN(plain)) expect(turned).toBeCloseTo(-plain, 12);
      }
    }),
  );
});

test('every figure is symmetric, PLCC invariant under positive affine maps', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const [x, y] = split(list);
      for (const metric of [srcc, krcc, plcc, rmse, mae])
        if (!Number.isNaN(metric(x, y).value)) expect(metric(y, x).value).toBeCloseTo(metric(x, y).value, 12);
      const moved = plcc(
        x.map((v) => 3 * v + 100),
        y,
      ).value;
      if (!Number.isNaN(moved)) expect(moved).toBeCloseTo(plcc(x, y).value, 10);
    }),
  );
});

/** Oracle: the definition, every pair looked at. */
test('KRCC in O(n log n) equals the count over all pairs', () => {
  fc.assert(
    fc.property(pairs, (list) => {
      const [x, y] = split(list);
      let [score, inX, inY] = [0, 0, 0];
      for (let i = 0; i < x.length; i++)
        for (let j = 0; j < i; j++) {
          score += Math.sign(x[i]! - x[j]!) * Math.sign(y[i]! - y[j]!);
          inX += x[i] === x[j] ? 0 : 1;
          inY += y[i] === y[j] ? 0 : 1;
        }
      const { value: got } = krcc(x, y);
      if (inX * inY === 0) expect(got).toBeNaN();
      else expect(got).toBeCloseTo(score / Math.sqrt(inX * inY), 12);
    }),
  );
});

test('eq. 13 equals SRCC where nothing ties', () => {
  const x = [3, 1, 4, 1.5, 5, 9, 2.6];
  const y = [2, 7, 1, 8, 2.8, 1.8, 2.9];
  expect(srccByEq13(x, y)).toBeCloseTo(srcc(x, y).value, 12);
});

test('average ranks', () => {
  expect(
    averageRanks([2, 1, 2, Number.POSITIVE_INFINITY, 2, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]),
  ).toEqual([4, 2, 4, 6.5, 4, 1, 6.5]);
});

test('quantiles interpolate as numpy does', () => {
  expect([0, 0.1, 0.5, 1].map((q) => quantile([1, 2, 4, 8], q))).toEqual([1, 1.3, 3, 8]);
  expect(quantile([], 0.5)).toBeNaN();
});

test('what has no figure is an error or NaN with its reason', () => {
  expect(() => srcc([1], [1, 2])).toThrow(expect.objectContaining({ code: 'metrics/lengths' }));
  expect(() => plcc([1], [1])).toThrow(expect.objectContaining({ code: 'metrics/too-few' }));
  expect(srcc([1, 1], [1, 2])).toEqual({ value: Number.NaN, warning: 'ConstantInput' });
  expect(krcc([], [])).toEqual({ value: Number.NaN, warning: 'SmallSample' });
});
