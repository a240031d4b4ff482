/** A run over stand-ins for the two workers: the frames asked for, their order, and the accounts of an answer. */
import { describe, expect, test } from 'vitest';
import { builtInProfiles, type Profile } from '../../../core/sampling/profiles.ts';
import type { FrameRequest, OpenedVideo } from '../../../workers/media/api.ts';
import type { AssessRequest, LoadedModel, RawAnswer } from '../../../workers/model/api.ts';
import { MAX_TOKENS } from './answer.ts';
import { DecodedFrames } from './decoded-frames.ts';
import type { FramePlan } from './frame-plan.ts';
import { type RunOptions, runAssessment } from './run-assessment.ts';
import type { RunEvent } from './run-events.ts';

const profile = builtInProfiles['test12@560'] as Profile;
const model = { manifest: { scale: { range: [1, 5] } }, profile } as unknown as LoadedModel;
const file = new File(['clip'], 'clip.mp4', { lastModified: 1 });
const video = { id: 7, facts: { frames: 90 } } as OpenedVideo;
const raw: RawAnswer = {
  text: '<answer>3.00</answer>',
  tokens: 4,
  end: 'eos',
  expected: null,
  seconds: { encodeVision: 1, encodeMotion: 0.5, prefill: 0.25, generate: 2 },
  framesReused: 0,
};
const features = { samples: 4, sharpnessFrames: 1, substituted: 0, secondsAfter: 0 };
const frameOf = (key: string) => key.split('|')[3];

function setUp(change: Partial<RunOptions> = {}, answer: (k: number) => Partial<RawAnswer> = () => ({})) {
  const requests: FrameRequest[] = [];
  const asked: Omit<AssessRequest, 'job'>[] = [];
  const log: string[] = [];
  const events: RunEvent[] = [];
  let late: () => void = () => {};
  const options: RunOptions = {
    media: {
      frames: async (_id, request, onFrame) => {
        requests.push(request);
        for (const index of request.indices)
          onFrame({ index, time: index, rgb: request.rules.map(() => new Uint8Array([index])) });
        return {
          decoded: 9,
          wanted: request.indices.length,
          seconds: 0,
          ...(request.features && { features: { ...features, columns: [request.features.from] } }),
        };
      },
    },
    client: {
      encodeVision: async ([frame], order) => {
        log.push(`${frameOf(frame!.key)} of ${order?.map(frameOf).join()}`);
      },
      assess: async (request, onEvent) => {
        asked.push(request);
        onEvent({ stage: 'encodeVision', done: 2, total: 2, reused: 0 });
        onEvent({ stage: 'encodeMotion', reused: asked.length > 1 });
        onEvent({ stage: 'prefill', tokens: 9, done: 0 });
        onEvent({ stage: 'generate', text: 'x', tokens: 1 });
        late = () => onEvent({ stage: 'generate', text: 'late', tokens: 2 });
        return { ...raw, ...answer(asked.length - 1) };
      },
    },
    model,
    frames: new DecodedFrames(),
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
    ...change,
  };
  const run = (plan: FramePlan) => runAssessment({ file, video }, plan, options);
  return { run, requests, asked, log, events, late: () => late() };
}

describe('one run', () => {
  test('decodes each frame once, ascending, and encodes vision frames as they arrive', async () => {
    const { run, requests, asked, log, events } = setUp();
    await run({ vision: [40, 8, 40], motion: [8, 9, null] });
    expect(requests.map(({ indices, thumbnailOf }) => [indices, thumbnailOf])).toEqual([
      [
        [8, 9, 40],
        [40, 8, 40],
      ],
    ]);
    expect(log).toEqual(['8 of 40,8,40', '40 of 40,8,40']);
    expect(asked[0]?.vision.map(({ key, rgb }) => [frameOf(key), rgb?.[0]])).toEqual([
      ['40', 40],
      ['8', 8],
      ['40', 40],
    ]);
    expect(asked[0]).toMatchObject({ sampling: { kind: 'greedy' }, maxTokens: MAX_TOKENS });
    expect(events.map((event) => (event.kind === 'stage' ? event.stage : event.kind))).toEqual([
      'planned',
      'decode',
      'decoding',
      ...['frame', 'decoding', 'frame', 'decoding', 'frame', 'decoding', 'decoded'],
      'asked',
      'encodeVision',
      'encoding',
      'encodeMotion',
      'prefill',
      'generate',
      'text',
      'answer',
    ]);
  });

  test('null is one frame of the mean colour', async () => {
    const { run, asked } = setUp();
    await run({ vision: [null, 3, null], motion: [null] });
    const [first, , last] = asked[0]?.vision ?? [];
    expect(first).toBe(last);
    expect([...first!.rgb!.subarray(0, 3)]).toEqual(profile.mean.map((value) => Math.round(value * 255)));
    expect(first!.rgb).toHaveLength(profile.size ** 2 * 3);
  });

  test('frames of an earlier run are decoded no more; cached embeddings are reused, early ones are not', async () => {
    const first = setUp({}, () => ({ framesReused: 2 }));
    const early = await first.run({ vision: [1, 2], motion: [1, 2] });
    expect([early.answers[0]?.raw.framesReused, early.reused]).toEqual([0, []]);
    const frames = new DecodedFrames();
    const second = setUp({ frames, answers: { of: 2, finished: 0 } }, () => ({ framesReused: 2 }));
    await second.run({ vision: [1, 2], motion: [1, 2] });
    const again = await second.run({ vision: [2, 1], motion: [2, 1] });
    expect(second.requests).toHaveLength(1);
    expect([again.answers[0]?.raw.framesReused, again.reused]).toEqual([
      2,
      ['decode', 'encodeVision', 'encodeMotion'],
    ]);
    expect(again.seconds).toMatchObject({
      decode: 0,
      encodeVision: 1,
      encodeMotion: 0.5,
      prefill: 0.5,
      generate: 4,
    });
  });

  test('quality features come with the frames, once for each run of frames, for a package that reads them', async () => {
    const reads = { ...model, manifest: { ...model.manifest, qualityFeatures: {} } } as LoadedModel;
    const { run, requests, asked } = setUp();
    expect((await run({ vision: [1], motion: [1] })).features).toBeNull();
    expect(requests[0]).not.toHaveProperty('features');
    expect(asked[0]).not.toHaveProperty('features');

    const frames = new DecodedFrames();
    const whole = setUp({ model: reads, frames });
    const first = await whole.run({ vision: [1], motion: [1, 2] });
    const shuffled = await whole.run({ vision: [2], motion: [2, 1] });
    expect(whole.requests.map((request) => request.features)).toEqual([{ from: 0, frames: 90 }]);
    expect(first.features).toBe(shuffled.features);
    expect(shuffled.reused).toContain('decode');
    expect(whole.asked.map((request) => request.features)).toEqual([[0], [0]]);

    // A segment of the same video: its frames are there, its features are not.
    const part = setUp({ model: reads, frames, range: { from: 30, frames: 60 } });
    await part.run({ vision: [1], motion: [1] });
    expect(part.requests).toMatchObject([{ indices: [], features: { from: 30, frames: 60 } }]);
    expect(part.asked[0]?.features).toEqual([30]);
  });

  test('K answers go on from the finished ones, with the seeds of training', async () => {
    const { run, asked } = setUp({ answers: { of: 4, finished: 2 } });
    const { answers } = await run({ vision: [1], motion: [1] });
    expect(answers.map(({ seed, reading }) => [seed, reading?.score])).toEqual([
      [3, 3],
      [4, 3],
    ]);
    expect(asked.every(({ sampling }) => sampling.kind === 'sample')).toBe(true);
  });

  test('a stopped answer is left out of several and returned when it is the only one', async () => {
    const stopsAt = (k: number) =>
      setUp({ answers: { of: 3, finished: 0 } }, (n) => (n === k ? { end: 'aborted', text: 'half' } : {}));
    const second = await stopsAt(1).run({ vision: [1], motion: [1] });
    expect(second.answers.map(({ raw: { end } }) => end)).toEqual(['eos']);
    expect(second.seconds.generate).toBe(2);
    const first = await stopsAt(0).run({ vision: [1], motion: [1] });
    expect(first.answers).toMatchObject([{ raw: { end: 'aborted', text: 'half' }, reading: null }]);
  });

  test('an event that comes after the answer changes nothing', async () => {
    const { run, events, late } = setUp();
    await run({ vision: [1], motion: [1] });
    const before = events.length;
    late();
    expect(events).toHaveLength(before);
  });
});
