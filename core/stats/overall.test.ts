import { expect, test } from 'vitest';
import { equalWeights, fisherWeighted, weightedByVideos } from './overall.ts';

/** Oracle: Table 2, NIQE in domain, SRCC; the paper prints .457. */
test('the overall figure of a row of the paper', () => {
  const [values, videos] = [
    [0.442, 0.489, 0.541, 0.596, 0.278],
    [7182, 3573, 1200, 585, 1020],
  ];
  expect(weightedByVideos(values!, videos!)).toBeCloseTo(0.4574528761, 9);
  expect(equalWeights(values!)).toBeCloseTo(0.4692, 12);
  expect(fisherWeighted(values!, videos!)).toBeCloseTo(0.4597820111, 9);
});

test('lists that do not belong together', () => {
  expect(() => weightedByVideos([1], [1, 2])).toThrow(expect.objectContaining({ code: 'metrics/lengths' }));
  expect(() => weightedByVideos([], [])).toThrow(expect.objectContaining({ code: 'metrics/too-few' }));
});
