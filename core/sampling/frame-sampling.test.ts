import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  goldenRatioIndices,
  motionIndices,
  roundHalfEven,
  sampledIndices,
  samplePlan,
  uniformIndices,
} from './frame-sampling.ts';

const lengths = fc.integer({ min: 1, max: 400_000 });
const counts = fc.integer({ min: 1, max: 32 });

describe('uniform rule', () => {
  test('published examples', () => {
    expect(uniformIndices(240, 12)).toEqual([9, 29, 49, 69, 89, 109, 129, 148, 168, 188, 208, 228]);
    expect(uniformIndices(300, 12)).toEqual([12, 37, 62, 87, 112, 137, 162, 186, 211, 236, 261, 286]);
    expect(uniformIndices(10, 12)).toEqual([0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8, 8]);
    expect(uniformIndices(240, 6)).toEqual([19, 59, 99, 139, 178, 218]);
    expect(uniformIndices(1, 12)).toEqual(Array(12).fill(0));
  });

  test('halves go to the even number', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 2.5001].map((x) => roundHalfEven(x) + 0)).toEqual([
      0, 2, 2, 0, -2, 2, 3,
    ]);
  });
});

describe('golden-ratio rule', () => {
  test('positions worked out by hand for N = 8 and L = 80', () => {
    // frac(0.5 + 0.618034 k) = .5, .118034, .736068, .354102, .972136, .59017, .208204, .826238
    expect(goldenRatioIndices(80, 8)).toEqual([5, 11, 27, 33, 49, 55, 62, 78]);
  });

  test('one frame in each Nth of the video', () => {
    fc.assert(
      fc.property(lengths, counts, (L, N) => {
        for (const [k, i] of goldenRatioIndices(L, N).entries()) {
          expect(i).toBeGreaterThanOrEqual(Math.floor((k * L) / N));
          expect(i).toBeLessThanOrEqual(Math.floor(((k + 1) * L) / N));
        }
      }),
    );
  });
});

describe('both rules', () => {
  test('ascend and stay inside the video', () => {
    fc.assert(
      fc.property(fc.constantFrom('uniform', 'goldenRatio'), lengths, counts, (rule, L, N) => {
        const indices = sampledIndices(rule as 'uniform' | 'goldenRatio', L, N);
        expect(indices.length).toBe(N);
        for (const [k, i] of indices.entries()) {
          expect(Number.isInteger(i) && i >= (indices[k - 1] ?? 0) && i < L).toBe(true);
        }
      }),
    );
  });

  test('no frames is refused', () => {
    expect(() => sampledIndices('uniform', 0, 12)).toThrow('media/no-frames');
  });
});

describe('motion branch', () => {
  test('each frame brings its successor, the last one itself', () => {
    expect(motionIndices('successors', [3, 9], 10)).toEqual([3, 4, 9, 9]);
    expect(motionIndices('same', [3, 9], 10)).toEqual([3, 9]);
    const plan = samplePlan(
      { sampling: 'goldenRatio', frames: 8, motion: { pixels: 'squash', frames: 'successors' } },
      80,
    );
    expect(plan.motion).toEqual([5, 6, 11, 12, 27, 28, 33, 34, 49, 50, 55, 56, 62, 63, 78, 79]);
  });
});
