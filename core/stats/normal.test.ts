import { expect, test } from 'vitest';
import { erf, erfc, normalCdf, normalTails } from './normal.ts';

/** Oracle: mpmath at 40 digits. */
const reference: readonly [x: number, erf: number, erfc: number][] = [
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497149, 0.15729920705028513],
  [2, 0.9953222650189527, 0.004677734981047266],
  [3, 0.9999779095030014, 2.209049699858544e-5],
  [6, 1, 2.1519736712498913e-17],
  [20, 1, 5.3958656116079005e-176],
];

test.each(reference)('erf and erfc of %d', (x, value, complement) => {
  const limit = 2e-14;
  expect(Math.abs(erf(x) / value - 1)).toBeLessThan(limit);
  expect(Math.abs(erfc(x) / complement - 1)).toBeLessThan(limit);
  expect(erf(-x)).toBe(-erf(x));
  expect(Math.abs(erfc(-x) - (1 + value))).toBeLessThan(limit);
});

test('the series and the fraction meet', () => {
  const [below, above] = [erfc(2 - 1e-12), erfc(2 + 1e-12)];
  expect(below - above).toBeCloseTo((4e-12 * Math.exp(-4)) / Math.sqrt(Math.PI), 14);
});

test('ends and nonsense', () => {
  expect([normalCdf(0), normalCdf(-40), normalCdf(40)]).toEqual([0.5, 0, 1]);
  expect([normalCdf(Number.NEGATIVE_INFINITY), normalCdf(Number.POSITIVE_INFINITY)]).toEqual([0, 1]);
  expect(normalCdf(Number.NaN)).toBeNaN();
  expect([erf(Number.NaN), erfc(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
});

test('both tails at once equal one after the other', () => {
  for (const z of [-9, -1.5, 0, 0.3, 4, 12]) {
    const { lower, upper } = normalTails(z);
    expect(Math.abs(lower / normalCdf(z) - 1)).toBeLessThan(1e-13);
    expect(Math.abs(upper / normalCdf(-z) - 1)).toBeLessThan(1e-13);
  }
});
