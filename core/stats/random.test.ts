import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from './random.ts';

const FIRST = [2447574668, 2142526281, 3861561104, 2043000598];

const many = (n: number, draw: () => number) => Array.from({ length: n }, draw);

describe('seeded random numbers', () => {
  test('equal seeds, equal sequences; written down so that a change of the generator shows', () => {
    expect(many(4, seededRandom(42).uint32)).toEqual(many(4, seededRandom(42).uint32));
    expect(many(4, seededRandom(42).uint32)).toEqual(FIRST);
    expect(many(4, seededRandom(43).uint32)).not.toEqual(FIRST);
  });

  test('forks do not depend on what was drawn', () => {
    const a = seededRandom(7);
    const b = seededRandom(7);
    many(10, b.uniform);
    expect(many(3, a.fork('video').uint32)).toEqual(many(3, b.fork('video').uint32));
    expect(a.fork('x').uint32()).not.toBe(a.fork('y').uint32());
  });

  test('permutations and samples', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 60 }), (seed, n) => {
        const random = seededRandom(seed);
        expect([...random.permutation(n)].sort((x, y) => x - y)).toEqual(
          Array.from({ length: n }, (_, i) => i),
        );
        const k = n === 0 ? 0 : random.int(n + 1);
        const drawn = random.sample(random.permutation(n), k);
        expect(new Set(drawn).size).toBe(k);
      }),
    );
  });

  test('chi-square of int(7) and moments of normal over 70,000 draws', () => {
    const random = seededRandom('moments');
    const counts = Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.int(7)]!++;
    const chi = counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0);
    expect(chi).toBeLessThan(22.5); // 99.9 % point for 6 degrees of freedom
    const z = many(70_000, random.normal);
    const mean = z.reduce((a, b) => a + b, 0) / z.length;
    const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / z.length;
    expect(Math.abs(mean)).toBeLessThan(0.013); // 3.3 standard errors
    expect(Math.abs(variance - 1)).toBeLessThan(0.018);
    expect(many(1000, random.uniform).every((u) => u >= 0 && u < 1)).toBe(true);
  });

  test('impossible draws are refused', () => {
    expect(() => seededRandom(1).int(0)).toThrow(RangeError);
    expect(() => seededRandom(1).sample([1], 2)).toThrow(RangeError);
  });
});
