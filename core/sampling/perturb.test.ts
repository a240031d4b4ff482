import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../stats/random.ts';
import { sampledIndices } from './frame-sampling.ts';
import {
  perturb,
  perturbedOrder,
  perturbModes,
  perturbRules,
  perturbScale,
  writtenDraws,
} from './perturb.ts';

const small = {
  sampling: 'goldenRatio',
  frames: 8,
  motion: { pixels: 'squash', frames: 'successors' },
} as const;
const official = { sampling: 'uniform', frames: 6, motion: { pixels: 'squash', frames: 'same' } } as const;
const modes = fc.constantFrom(...perturbModes);

describe('order of frames', () => {
  test('shuffles are permutations, local shuffles stay in their windows, reverse undoes itself', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 5 }),
        (seed, T, scale) => {
          const rules = { window: 4, remainder: 'permuted', drop: 'removed', scale } as const;
          const whole = Array.from({ length: T }, (_, i) => i);
          const draws = seededRandom(seed);
          const sorted = (order: (number | null)[]) => [...order].sort((a, b) => a! - b!);
          expect(sorted(perturbedOrder('shuffle', T, draws, rules))).toEqual(whole);
          const local = perturbedOrder('local_shuffle', T, draws, rules);
          expect(sorted(local)).toEqual(whole);
          for (const [i, s] of local.entries())
            expect(Math.floor(s! / (4 * scale))).toBe(Math.floor(i / (4 * scale)));
          expect(perturbedOrder('reverse', T, draws, rules).reverse()).toEqual(whole);
          const jitter = perturbedOrder('jitter', T, draws, rules);
          for (const [i, s] of jitter.entries()) expect([0, scale, i, T - 1 - i]).toContain(Math.abs(s! - i));
        },
      ),
    );
  });

  test('repeat keeps the length, drop cuts frames out and keeps the order', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 2, max: 200 }),
        fc.integer({ min: 1, max: 40 }),
        (seed, T, scale) => {
          const rules = { window: 4, remainder: 'permuted', drop: 'removed', scale } as const;
          const repeated = perturbedOrder('duplicate', T, seededRandom(seed), rules);
          expect(repeated.length).toBe(T);
          const left = perturbedOrder('random_drop', T, seededRandom(seed), rules);
          expect(left.length).toBeGreaterThanOrEqual(Math.max(1, T - 3 * scale));
          expect(left.length).toBeLessThan(T);
          expect(left.every((s, i) => i === 0 || s! > left[i - 1]!)).toBe(true);
        },
      ),
    );
  });

  test('the remainder of a local shuffle: paper leaves it out', () => {
    const draws = seededRandom(1);
    expect(
      perturbedOrder('local_shuffle', 6, draws, {
        window: 4,
        remainder: 'dropped',
        drop: 'removed',
        scale: 1,
      }).length,
    ).toBe(4);
  });

  test('a written draw that does not fit is an error, not another number', () => {
    const draws = writtenDraws([{ fn: 'randperm', n: 5, value: [0, 1, 2, 3, 4] }]);
    expect(() => perturbedOrder('shuffle', 6, draws)).toThrow(RangeError);
  });
});

describe('a perturbed video', () => {
  test('ours: the model sees other frames, or it is said to be unperturbable', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2000 }), modes, (seed, L, mode) => {
        const clean = sampledIndices('goldenRatio', L, 8);
        const result = perturb(small, L, mode, seededRandom(seed));
        if (result.kind === 'unperturbable') {
          expect(L).toBeLessThan(20);
          return;
        }
        expect(result.vision.length).toBe(8);
        expect(result.motion.length).toBe(16);
        expect(result.vision).not.toEqual(clean);
        for (const s of [...result.vision, ...result.motion]) expect(s! >= 0 && s! < L).toBe(true);
        expect(result.vision.map((_, k) => result.motion[2 * k])).toEqual(result.vision);
      }),
    );
  });

  test('one frame cannot be perturbed', () => {
    for (const mode of perturbModes) {
      expect(perturb(small, 1, mode, seededRandom(1))).toEqual({ kind: 'unperturbable', mode, draws: 0 });
    }
  });

  test('32 draws without a difference end', () => {
    const still = {
      choice: <T>(o: readonly T[]) => o[1]!,
      between: (a: number) => a,
      permutation: (n: number) => Array.from({ length: n }, (_, i) => i),
      sample: (p: readonly number[], k: number) => p.slice(0, k),
    };
    expect(perturb(small, 240, 'shuffle', still)).toEqual({
      kind: 'unperturbable',
      mode: 'shuffle',
      draws: 32,
    });
    expect(perturb(small, 240, 'jitter', still)).toMatchObject({ kind: 'unperturbable', draws: 32 });
  });

  test('whole video: pairs are neighbours in the perturbed order', () => {
    const result = perturb(small, 80, 'reverse', seededRandom(1));
    expect(result).toMatchObject({
      vision: [74, 68, 52, 46, 30, 24, 17, 1],
      motion: [74, 73, 68, 67, 52, 51, 46, 45, 30, 29, 24, 23, 17, 16, 1, 0],
    });
  });

  test('sampled frames: a pair moves as one, dropped frames are zeros', () => {
    const rules = perturbRules.official;
    const reversed = perturb(small, 80, 'reverse', seededRandom(1), rules);
    expect(reversed).toMatchObject({ vision: [78, 62, 55, 49, 33, 27, 11, 5] });
    expect(reversed.kind === 'perturbed' && reversed.motion.slice(0, 4)).toEqual([78, 79, 62, 63]);
    const dropped = perturb(official, 240, 'random_drop', seededRandom(3), rules);
    const zeros = dropped.kind === 'perturbed' ? dropped.vision.filter((s) => s === null).length : 0;
    expect(zeros).toBeGreaterThanOrEqual(1);
    expect(zeros).toBeLessThanOrEqual(3);
  });

  test('scale follows the distance of the samples', () => {
    expect([perturbScale(240, 8), perturbScale(5, 8), perturbScale(240, 8, 2)]).toEqual([30, 1, 60]);
    expect(perturb(official, 240, 'jitter', seededRandom(5), { ...perturbRules.ours }).kind).toBe(
      'perturbed',
    );
  });
});
