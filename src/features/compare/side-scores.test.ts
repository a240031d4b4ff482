import { describe, expect, it } from 'vitest';
import { preferenceOf, sideScores } from './side-scores.ts';
import type { SideRun } from './state/assess.ts';

const run = (...scores: (number | null)[]): SideRun =>
  ({
    answers: scores.map((score) => ({
      raw: { expected: score === null ? null : score + 0.02 },
      reading: { score },
      seed: 1,
    })),
  }) as unknown as SideRun;

describe('sideScores', () => {
  it('rests on the answers that could be read', () => {
    const side = sideScores(run(3.5, null, 3.7, 3.6));
    expect(side).toMatchObject({ readable: [3.5, 3.7, 3.6], agreement: 1 });
    expect(side?.mean).toBeCloseTo(3.6, 12);
    expect(side?.deviation).toBeCloseTo(0.1, 12);
    expect(side?.expected).toBeCloseTo(3.62, 12);
    // t(0.975, 2 df) = 4.303, standard error 0.1/√3.
    expect(side?.interval?.[1]).toBeCloseTo(3.6 + (4.303 * 0.1) / Math.sqrt(3), 6);
  });
  it('makes no score of nothing', () => {
    expect(sideScores(run(null, null))).toBeNull();
    expect(sideScores(null)).toBeNull();
    expect(sideScores(run(3.2))).toMatchObject({ interval: null, deviation: null });
  });
  it('prefers', () => {
    expect(preferenceOf(run(4, 4.1), run(3, 3.1))?.verdict).toBe('a');
    expect(preferenceOf(run(4), null)).toBeNull();
  });
});
