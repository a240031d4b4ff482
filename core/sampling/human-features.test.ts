import { describe, expect, test } from 'vitest';
import {
  featureColumns,
  featurePlan,
  featureSamples,
  pooledFeatures,
  presentColumns,
} from './human-features.ts';

describe('frames', () => {
  test('of 8 s at 30 frames a second', () => {
    const samples = featureSamples(240, 29.97);
    expect(samples.slice(0, 3)).toEqual([
      { before: 0, now: 1, after: 2 },
      { before: 2, now: 11, after: 12 },
      { before: 12, now: 21, after: 22 },
    ]);
    expect(samples).toHaveLength(24);
    const [whole, part] = [featurePlan(240, 29.97, true), featurePlan(240, 29.97)];
    expect(whole.blocks.map(([first]) => first!.now)).toEqual([1, 31, 61, 91, 121, 151, 181]);
    expect(whole.sharpness).toEqual([14, 44, 74, 104, 134, 164, 194, 224]);
    expect(part.blocks.map(([first]) => first!.now)).toEqual([1, 61, 121, 181]);
    expect(new Set(part.blocks.flat().map(({ now }) => now)).size).toBe(16);
    expect(part.sharpness).toEqual([44, 104, 164, 224]);
  });

  test('half a frame a second rounds up, and a step is at least one frame', () => {
    expect(featureSamples(60, 12.5).map(({ now }) => now)[1]).toBe(5);
    expect(featureSamples(8, 2).map(({ now }) => now)).toEqual([1, 2, 3, 4, 5]);
  });

  test('of a short video: one block; of a shorter one: none', () => {
    expect(featurePlan(25, 30).blocks.map((block) => block.length)).toEqual([3]);
    expect(featurePlan(3, 30)).toEqual({ blocks: [[]], sharpness: [] });
  });
});

test('a model reads no NaN but which columns are there', () => {
  expect([...presentColumns([2, Number.NaN, 0])]).toEqual([2, 0, 0, 1, 0, 1]);
});

test('pooling leaves missing values out, and deviations are those within a block', () => {
  const plan = {
    blocks: [0, 4].map((k) => [1, 2, 3, 4].map((i) => ({ before: 0, now: k + i, after: 0 }))),
    sharpness: [7, 9],
  };
  const at = (frame: number) => ({
    si: frame === 1 ? Number.NaN : frame,
    gl_g2: frame <= 4 ? frame : 10 * frame,
  });
  const values = pooledFeatures(plan, at as never, (frame) => ({ hc_sobel: frame }) as never);
  const column = (name: string) => values[featureColumns.indexOf(name)]!;
  expect(column('avg_si')).toBeCloseTo((3 + 6.5) / 2, 12);
  expect(column('std_gl_g2')).toBeCloseTo((11 / 2) * Math.sqrt(5 / 3), 12);
  expect(column('hc_sobel')).toBe(8);
  expect(column('avg_ti')).toBeNaN();
});
