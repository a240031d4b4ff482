import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sampler } from './sampler.ts';

const sizes = fc
  .record({ videos: fc.integer({ min: 1, max: 60 }), seed: fc.string() })
  .chain(({ videos, seed }) =>
    fc.record({
      videos: fc.constant(videos),
      seed: fc.constant(seed),
      size: fc.integer({ min: 1, max: videos }),
    }),
  );

test('a pass shows no video twice and leaves out fewer than a batch', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 5 }), ({ videos, size, seed }, epoch) => {
      const sampler = new Sampler(videos, size, seed);
      const { batchesPerEpoch } = sampler;
      const numbers = Array.from({ length: batchesPerEpoch }, (_, i) => epoch * batchesPerEpoch + i);
      const seen = numbers.flatMap((number) => sampler.batch(number));
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.every((index) => index >= 0 && index < videos)).toBe(true);
      expect(videos - seen.length).toBeLessThan(size);
      expect(new Set(numbers.map((number) => sampler.epochOf(number)))).toEqual(new Set([epoch]));
    }),
  );
});

test('a batch is a function of its number: asked in any order, by any sampler', () => {
  fc.assert(
    fc.property(
      sizes,
      fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1 }),
      ({ videos, size, seed }, numbers) => {
        const one = new Sampler(videos, size, seed);
        for (const number of numbers)
          expect(one.batch(number)).toEqual(new Sampler(videos, size, seed).batch(number));
      },
    ),
  );
});

test('every video is as often in the first batch as any other', () => {
  const counts = new Array<number>(10).fill(0);
  const sampler = new Sampler(10, 2, 'law');
  for (let epoch = 0; epoch < 5000; epoch++)
    for (const index of sampler.batch(epoch * 5)) counts[index]! += 1;
  // Binomial(5000, 0.2): mean 1000, standard deviation 28; 5 of them.
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(141);
});

test('passes differ, seeds differ', () => {
  const sampler = new Sampler(40, 40, 'a');
  expect(sampler.batch(0)).not.toEqual(sampler.batch(1));
  expect(sampler.batch(0)).not.toEqual(new Sampler(40, 40, 'b').batch(0));
});

test('the released data: 28,056 videos in steps of 32 are 876 steps, 24 left out', () => {
  expect(new Sampler(28056, 32, '42').batchesPerEpoch).toBe(876);
});

test('fewer videos than a step', () => {
  expect(() => new Sampler(3, 4, 'a')).toThrow(expect.objectContaining({ code: 'train/recipe' }));
});
