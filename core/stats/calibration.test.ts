import { describe, expect, test } from 'vitest';
import { calibrate, calibratedScore, LEAST_CALIBRATION } from './calibration.ts';
import { fitIsotonic, isotonicAt } from './isotonic.ts';
import { seededRandom } from './random.ts';

describe('isotonic regression', () => {
  test('pools what falls, as scikit-learn does', () => {
    // sklearn.isotonic.isotonic_regression([1, 3, 2, 4, 3.5, 5]) = [1, 2.5, 2.5, 3.75, 3.75, 5]
    const map = fitIsotonic([1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 3.5, 5]);
    expect(map).toEqual({ x: [1, 2.5, 4.5, 6], y: [1, 2.5, 3.75, 5] });
    expect([0, 1, 2.5, 3.5, 9].map((x) => isotonicAt(map, x))).toEqual([1, 1, 2.5, 3.125, 5]);
  });

  test('equal scores are one point, and a falling relation stays one', () => {
    expect(fitIsotonic([1, 1, 2], [4, 2, 1])).toEqual({ x: [1, 2], y: [3, 1] });
    expect(fitIsotonic([1, 1, 2], [2, 4, 5])).toEqual({ x: [1, 2], y: [3, 5] });
  });
});

/** Scores of 60 clips and human scores that a monotone map of them distorts. */
function clips(of: (score: number) => number, noise: number, n = 60) {
  const random = seededRandom('clips');
  const scores = Array.from({ length: n }, () => Math.round(100 * (1.5 + 3 * random.uniform())) / 100);
  return { scores, opinions: scores.map((score) => of(score) + noise * random.normal()) };
}

/** A step that no logistic follows, and a curve that one does. */
const staircase = (score: number) =>
  score < 2.2 ? 1 : score < 2.9 ? 1.2 : score < 3.2 ? 3 : score < 4 ? 3.2 : 5;
const curve = (score: number) => 1 + 4 / (1 + Math.exp(-(score - 2.4) / 0.35));

describe('calibration', () => {
  test.each([
    ['a curve', curve],
    ['a staircase', staircase],
    ['percent', (score: number) => 100 - 20 * (5 - score)],
    ['a falling one', (score: number) => 6 - curve(score)],
  ])('%s: the held-out error of 60 clips lies below that of the raw score', (_, of) => {
    const { scores, opinions } = clips(of, 0.15);
    const { heldOut, map } = calibrate(scores, opinions);
    expect(heldOut).toMatchObject({ folds: 5, n: 60 });
    expect(heldOut.rmse).toBeLessThan(heldOut.rawRmse);
    expect(heldOut.gainInterval[0]).toBeGreaterThan(0);
    expect(heldOut.gain).toBeCloseTo(heldOut.rawRmse - heldOut.rmse, 12);
    const grid = Array.from({ length: 50 }, (_, k) => calibratedScore(map, 1 + k / 10));
    const steps = grid.slice(1).map((value, k) => Math.sign(value - grid[k]!));
    expect(new Set(steps.filter((step) => step !== 0)).size).toBe(1);
  });

  test('cross-validation takes the form that fits', () => {
    const smooth = clips(curve, 0.3);
    const stairs = clips(staircase, 0.05, 200);
    expect(calibrate(smooth.scores, smooth.opinions).map.kind).toBe('logistic');
    expect(calibrate(stairs.scores, stairs.opinions).map.kind).toBe('isotonic');
  });

  test('human scores without a relation show no gain over their mean', () => {
    const { scores } = clips(curve, 0);
    const random = seededRandom('chance');
    const opinions = scores.map(() => 3 + random.normal());
    const { heldOut } = calibrate(scores, opinions);
    const spread = Math.sqrt(opinions.reduce((sum, y) => sum + (y - 3) ** 2, 0) / opinions.length);
    // Not the error of the pairs that were fitted, which is lower by chance.
    expect(heldOut.rmse).toBeGreaterThan(0.95 * spread);
  });

  test('the same pairs give the same map', () => {
    const { scores, opinions } = clips(curve, 0.3);
    expect(calibrate(scores, opinions)).toEqual(calibrate(scores, opinions));
  });

  test('too few clips and constant scores are refused', () => {
    const few = clips(curve, 0.3, LEAST_CALIBRATION - 1);
    expect(() => calibrate(few.scores, few.opinions)).toThrow(
      expect.objectContaining({ code: 'calibration/too-few' }),
    );
    const { opinions } = clips(curve, 0.3);
    expect(() =>
      calibrate(
        opinions.map(() => 3),
        opinions,
      ),
    ).toThrow(expect.objectContaining({ code: 'calibration/constant' }));
  });
});
