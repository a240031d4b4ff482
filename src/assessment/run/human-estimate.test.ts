/** The estimate of people's score: which features it reads, and what a result stores. */
import { expect, test } from 'vitest';
import type { HumanHead } from '../../../core/answer/human-head.ts';
import type { FeatureReport, FrameRequest, OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedModel } from '../../../workers/model/api.ts';
import { DecodedFrames } from './decoded-frames.ts';
import { estimateOf, wholeFeatures } from './human-estimate.ts';

const head: HumanHead = {
  clips: 9,
  trainedOn: '9 clips of A',
  low: Float32Array.of(0, 0),
  high: Float32Array.of(10, 10),
  mean: Float32Array.of(1, 1),
  deviation: Float32Array.of(1, 1),
  innerWeight: Float32Array.of(0.5, 0.25),
  innerBias: Float32Array.of(1),
  outerWeight: Float32Array.of(2),
  outerBias: 1,
};
const model = {
  humanHead: head,
  manifest: {
    humanHead: {
      path: 'h',
      set: 'videval47',
      version: 1,
      datasets: [{ name: 'A', n: 9, how: 'features' }],
      test: { n: 3, halfWidth: 0.9 },
    },
  },
} as unknown as LoadedModel;
const report = (columns: readonly number[], samples = 4): FeatureReport => ({
  columns,
  samples,
  sharpnessFrames: 1,
  substituted: 0,
  secondsAfter: 0,
});

test('is the head’s score of the features; a missing one counts as the mean', () => {
  expect(estimateOf(model, report([3, Number.NaN]))).toEqual({
    // 1 + 2 · (1 + 0.5 · (3 − 1) + 0.25 · 0)
    humanEstimate: { score: 5, halfWidth: 0.9, datasets: ['A'] },
    qualityFeatures: { set: 'videval47', values: [3, null] },
  });
});

test('is none without a head, without features, and for a video without a sample', () => {
  expect(estimateOf({ ...model, humanHead: null }, report([3, 1]))).toBeNull();
  expect(estimateOf(model, null)).toBeNull();
  expect(estimateOf(model, report([Number.NaN, Number.NaN], 0))).toBeNull();
});

test('features of a run before are used again', async () => {
  const requests: FrameRequest[] = [];
  const media = {
    frames: async (_id: number, request: FrameRequest) => {
      requests.push(request);
      return { decoded: 1, wanted: 0, seconds: 0, features: report([1, 2]) };
    },
  };
  const video = { id: 1, facts: { frames: 90 } } as OpenedVideo;
  const frames = new DecodedFrames();
  const { signal } = new AbortController();
  const first = await wholeFeatures(media, video, frames, signal);
  expect(await wholeFeatures(media, video, frames, signal)).toBe(first);
  expect(requests).toMatchObject([{ indices: [], features: { from: 0, frames: 90 } }]);
});
