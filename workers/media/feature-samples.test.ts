import { expect, it } from 'vitest';
import { type FeatureValues, featureColumns, featurePlan } from '../../core/sampling/human-features.ts';
import type { FramePlanes } from '../features/frame-features.ts';
import { FeatureSamples, type FeatureSink } from './feature-samples.ts';

/** A frame whose luma is its number. */
const frame = (number: number): FramePlanes => {
  const y = Uint8Array.of(number);
  return { width: 1, height: 1, y, cb: y, cr: y };
};

function recording(): FeatureSink & { readonly calls: number[][]; readonly sharp: number[] } {
  const [calls, sharp]: [number[][], number[]] = [[], []];
  return {
    calls,
    sharp,
    sample: async (now, before, after) => {
      calls.push([before.number, before.y[0]!, now.y[0]!, after.number, after.y[0]!]);
      return { ti: now.y[0]! } as FeatureValues;
    },
    sharpness: async ({ y }) => {
      sharp.push(y[0]!);
      return { hc_sobel: y[0]! } as FeatureValues;
    },
  };
}

it('hands each sample on once all three frames are there, whatever their order', async () => {
  const plan = featurePlan(100, 30);
  for (const order of [1, -1]) {
    const sink = recording();
    const samples = new FeatureSamples(plan, sink);
    const wanted = [...samples.wanted].sort((a, b) => order * (a - b));
    for (const number of wanted) samples.add(number, frame(number));
    const expected = new Map(
      plan.blocks.flat().map((s) => [s.now, [s.before, s.before, s.now, s.after, s.after]]),
    );
    expect(sink.calls.sort((a, b) => a[2]! - b[2]!)).toEqual([...expected.values()]);
    expect(sink.sharp.sort((a, b) => a - b)).toEqual(plan.sharpness);
    const columns = await samples.columns();
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b) / list.length;
    const blocks = plan.blocks.map((block) => mean(block.map(({ now }) => now)));
    expect(columns[featureColumns.indexOf('avg_ti')]).toBeCloseTo(mean(blocks), 9);
    expect(columns[featureColumns.indexOf('hc_sobel')]).toBeCloseTo(mean(plan.sharpness), 9);
  }
});

it('rejects where a worker failed, and not before the columns are asked for', async () => {
  const failing = { ...recording(), sample: () => Promise.reject(new Error('gone')) };
  const samples = new FeatureSamples(featurePlan(40, 30), failing);
  for (const number of samples.wanted) samples.add(number, frame(number));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await expect(samples.columns()).rejects.toThrow('gone');
});

it('gives missing values for a video too short for a sample', async () => {
  const samples = new FeatureSamples(featurePlan(2, 30), recording());
  expect(samples.wanted.size).toBe(0);
  expect((await samples.columns()).every(Number.isNaN)).toBe(true);
});
