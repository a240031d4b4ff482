/** Oracle: scipy.stats.ttest_ind(equal_var=False).confidence_interval(0.95), scipy.stats.t.ppf(0.975, df). */
import { describe, expect, it } from 'vitest';
import { studentPoint } from './interval.ts';
import { preference } from './preference.ts';

describe('studentPoint', () => {
  it.each([
    [1, 12.7062, 0.001],
    [1.5, 6.01666, 0.18],
    [2.3, 3.80716, 0.02],
    [4.7, 2.62073, 0.003],
    [12.2, 2.17486, 0.001],
    [29.5, 2.04372, 0.001],
    [55.5, 2.00364, 0.003],
    [200, 1.9719, 0.003],
  ])('of %d degrees of freedom', (df, point, tolerance) => {
    expect(Math.abs(studentPoint(df) - point)).toBeLessThan(tolerance);
  });
  it('falls all the way', () => {
    for (let df = 1; df < 60; df += 0.1) expect(studentPoint(df + 0.1)).toBeLessThan(studentPoint(df));
  });
});

describe('preference', () => {
  it.each([
    [[3.82, 3.9, 3.75, 3.8], [3.1, 3.4, 3.0, 3.22], 0.377373, 0.897627, 'a'],
    [[3.5, 3.6, 3.4, 3.55, 3.52], [3.45, 3.7, 3.3], -0.426714, 0.488048, 'unsure'],
    [[3.45, 3.7, 3.3], [3.5, 3.6, 3.4, 3.55, 3.52], -0.488048, 0.426714, 'unsure'],
    [[3.1, 3.4, 3.0, 3.22], [3.82, 3.9, 3.75, 3.8], -0.897627, -0.377373, 'b'],
  ] as const)('of %j and %j', (a, b, low, high, verdict) => {
    const result = preference(a, b)!;
    expect(result.verdict).toBe(verdict);
    expect(Math.abs(result.low! - low)).toBeLessThan(0.004);
    expect(Math.abs(result.high! - high)).toBeLessThan(0.004);
  });
  it('counts the pairs that A wins; a tie is none', () => {
    expect(preference([4, 3, null, 5], [3, 3, 1, null])).toMatchObject({ pairs: 2, won: 1 });
  });
  it('is sure of answers that all agree, and of nothing when they are equal', () => {
    expect(preference([4, 4], [3, 3])).toMatchObject({ low: 1, high: 1, verdict: 'a' });
    expect(preference([4, 4], [4, 4])).toMatchObject({ low: 0, high: 0, verdict: 'unsure' });
  });
  it('makes no interval of one answer, and nothing of none', () => {
    expect(preference([4], [3, 3.5])).toMatchObject({ difference: 0.75, low: null, verdict: 'single' });
    expect(preference([null], [3])).toBeNull();
  });
});
