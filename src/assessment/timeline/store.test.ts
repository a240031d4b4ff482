/** Quality over time over stand-ins for the two workers: order, pause and go on, failures, other lengths. */
import { describe, expect, test, vi } from 'vitest';
import { CodedError } from '../../../core/errors.ts';
import { readQualityTimeline } from '../../../core/files/quality-timeline.ts';
import type { Result } from '../../../core/files/result.ts';
import { samplePlan } from '../../../core/sampling/frame-sampling.ts';
import { builtInProfiles, type Profile } from '../../../core/sampling/profiles.ts';
import type { FrameRequest, OpenedVideo } from '../../../workers/media/api.ts';
import type { AssessRequest, LoadedModel, RawAnswer } from '../../../workers/model/api.ts';
import { toErrorData } from '../model/model-store.ts';
import { createQualityTimelineStore, type StoredTimeline } from './store.ts';
import { toStoredTimeline } from './stored-timeline.ts';

const profile = builtInProfiles['test12@560'] as Profile;
const model = {
  manifest: { name: 'Tiny', scale: { range: [1, 5] } },
  manifestSha256: 'a'.repeat(64),
  profile,
  dtype: 'fp32',
  backend: 'wasm',
  adapter: '',
} as unknown as LoadedModel;

const FPS = 24;
const video = {
  id: 1,
  start: 0,
  times: Float64Array.from({ length: 90 * FPS }, (_, i) => i / FPS),
  facts: { name: 'long.mp4', frames: 90 * FPS, duration: 90 },
} as unknown as OpenedVideo;
const file = new File(['clip'], 'long.mp4', { lastModified: 1 });

/** Seconds at which the first picture of a request stands, from its key. */
const secondOf = (request: Pick<AssessRequest, 'vision'>): number =>
  Number(request.vision[0]?.key.split('|')[3]) / FPS;

/** Of the whole clip. */
const whole: Result = {
  format: 2,
  app: 'test',
  createdAt: '2026-01-01T00:00:00Z',
  file: {
    name: 'long.mp4',
    bytes: 4,
    sha256: 'c'.repeat(64),
    container: 'mp4',
    codec: 'avc1.64001f',
    width: 640,
    height: 360,
    frames: 90 * FPS,
    fps: FPS,
    rotation: 0,
    colour: { matrix: 'bt601', range: 'limited', source: 'none', transfer: 'sdr' },
  },
  model: {
    name: 'Tiny',
    manifestSha256: 'a'.repeat(64),
    dtype: 'fp32',
    target: 'wasm',
    backend: 'wasm',
    adapter: '',
  },
  profile,
  seed: null,
  sampled: [],
  answers: [],
  score: null,
  timings: {},
};

type Answer = (at: number) => string | Promise<string>;

function bench(
  answer: Answer = (at) => `<think>There is blur.</think><answer>${at < 30 ? 4.5 : 2.5}</answer>`,
) {
  const requests: FrameRequest[] = [];
  /** Numbers of the 10 s segments that the model was asked about. */
  const asked: number[] = [];
  let loaded = model;
  const store = createQualityTimelineStore({
    media: {
      frames: async (_id, request, onFrame) => {
        requests.push(request);
        for (const index of request.indices)
          onFrame({ index, time: index / FPS, rgb: request.rules.map(() => new Uint8Array(3)) });
        return { decoded: 12, wanted: request.indices.length, seconds: 0.1 };
      },
    },
    models: {
      ready: async () => loaded,
      client: {
        encodeVision: async () => {},
        assess: async (request, _onEvent, signal): Promise<RawAnswer> => {
          const at = secondOf(request);
          asked.push(Math.floor(at / 10));
          const stopped = new Promise<null>((resolve) => {
            signal?.addEventListener('abort', () => resolve(null), { once: true });
          });
          const text = await Promise.race([answer(at), stopped]);
          return {
            text: text ?? '',
            tokens: 9,
            end: text === null ? 'aborted' : 'eos',
            expected: null,
            seconds: { encodeVision: 0, encodeMotion: 0, prefill: 0, generate: 0 },
            framesReused: 0,
          };
        },
      },
    },
    makeThumbnail: async () => null,
  });
  store.open(file, video);
  const get = store.store.getState;
  const scores = () => get().results.map((result) => result?.score);
  return {
    ...store,
    get,
    scores,
    requests,
    asked,
    use(other: Partial<LoadedModel>) {
      loaded = { ...model, ...other };
    },
  };
}

describe('quality over time', () => {
  test('assesses every segment once, in the order of interest, from frames inside of it', async () => {
    const { run, get, scores, asked, requests } = bench();
    expect(get()).toMatchObject({ phase: 'idle', seconds: 10 });
    await run();
    expect(get()).toMatchObject({ phase: 'done', progress: null, error: null });
    // Ends, middle, then the fall from 4.5 to 2.5 between 0 and 4.
    expect(asked).toEqual([0, 8, 4, 2, 3, 6, 1, 5, 7]);
    expect(scores()).toEqual([4.5, 4.5, 4.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5]);
    const { segments, results } = get();
    segments.forEach((segment, k) => {
      const inside = samplePlan(profile, segment.frames).vision.map((index) => index + segment.from);
      expect(results[k]?.sampled.map(({ index }) => index)).toEqual(inside);
    });
    for (const { indices } of requests) {
      const positions = indices.map((index) => segments.findIndex((s) => index < s.from + s.frames));
      expect(new Set(positions).size).toBe(1);
    }
    expect(results[0]?.named).toEqual(['blur']);
  });

  test('results appear one by one, and what was not looked at has none', async () => {
    const { run, store } = bench();
    const seen: number[] = [];
    store.subscribe(({ results }) => seen.push(results.filter((result) => result !== null).length));
    await run();
    expect([...new Set(seen)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('a pause keeps results and decoded frames; going on repeats only the segment it was at', async () => {
    let hold = true;
    const never = new Promise<string>(() => {});
    const { run, pause, get, scores, asked, requests } = bench((at) =>
      hold && at >= 40 && at < 50 ? never : '<answer>3.00</answer>',
    );
    const first = run();
    await vi.waitFor(() => expect(asked).toEqual([0, 8, 4]));
    pause();
    await first;
    expect(get()).toMatchObject({ phase: 'paused', progress: null });
    expect(scores().filter((score) => score !== undefined)).toEqual([3, 3]);
    hold = false;
    const decoded = requests.length;
    await run();
    expect(get().phase).toBe('done');
    expect(asked.filter((at) => at === 4)).toHaveLength(2);
    expect(asked).toHaveLength(10);
    // Nine segments, the paused one from the frames that were there.
    expect(requests.length - decoded).toBe(6);
  });

  test('a segment that fails says why and has no score; the others go on; it can be tried again', async () => {
    let broken = true;
    const { run, retryFailed, get, scores, asked } = bench((at) => {
      if (broken && at >= 20 && at < 30) throw new CodedError('media/damaged', {});
      return at >= 50 && at < 60 && broken ? '<answer>high</answer>' : '<answer>3.50</answer>';
    });
    await run();
    expect(get().phase).toBe('done');
    expect(scores()).toEqual([3.5, 3.5, null, 3.5, 3.5, null, 3.5, 3.5, 3.5]);
    expect(get().results[2]?.error?.code).toBe('media/damaged');
    expect(get().results[5]).toMatchObject({ reason: 'not-a-number', text: '<answer>high</answer>' });
    broken = false;
    const before = asked.length;
    retryFailed();
    await vi.waitFor(() => expect(get().phase).toBe('done'));
    expect(asked.slice(before).sort()).toEqual([2, 5]);
    expect(scores().every((score) => score === 3.5)).toBe(true);
  });

  test('what would befall all segments stops the whole, and marks none of them', async () => {
    const { run, get, scores } = bench((at) => {
      if (at >= 40 && at < 50) throw new CodedError('run/worker', {});
      return '<answer>3.00</answer>';
    });
    await run();
    expect(get()).toMatchObject({ phase: 'paused', error: { code: 'run/worker' } });
    expect(scores().filter((score) => score === null)).toEqual([]);
  });

  test('another length and back again asks nothing twice; one segment in both is the same result', async () => {
    const { run, setSeconds, get, asked } = bench();
    await run();
    expect(asked).toHaveLength(9);
    setSeconds(30);
    expect(get()).toMatchObject({ phase: 'paused' });
    expect(get().segments).toHaveLength(3);
    await run();
    expect(asked).toHaveLength(12);
    setSeconds(10);
    expect(get().phase).toBe('done');
    expect(get().results.every((result) => result !== null)).toBe(true);
    setSeconds(1000);
    expect(get().seconds).toBe(60);
  });

  test('results of two models never stand in one line', async () => {
    const { run, setSeconds, get, asked, use } = bench();
    await run();
    use({ manifestSha256: 'b'.repeat(64) });
    setSeconds(45);
    await run();
    setSeconds(10);
    expect(get().results.every((result) => result === null)).toBe(true);
    expect(asked).toHaveLength(11);
  });

  test('a curve through its file: shown without the video, gone on with when it is there', async () => {
    let answered = 0;
    const first = bench((at) => {
      if (++answered === 5) first.pause();
      return `<answer>${at < 30 ? 4.5 : 2.5}</answer>`;
    });
    await first.run();
    expect(first.scores().filter((score) => score !== undefined)).toHaveLength(4);
    const made = toStoredTimeline(first.get(), whole, 90, 'test', new Date(0)) as StoredTimeline;
    // Through the file's own border: what is written is what is read.
    const timeline = readQualityTimeline(JSON.parse(JSON.stringify(made.timeline)));
    expect(timeline).toEqual(made.timeline);

    const second = bench();
    second.show({ timeline, thumbnails: [] });
    expect(second.get()).toMatchObject({ phase: 'paused', video: null, model: { model: { name: 'Tiny' } } });
    expect(second.get().segments).toEqual(first.get().segments);
    expect(second.scores()).toEqual(first.scores());
    second.open(file, { ...video, id: 3 }, { timeline, thumbnails: [] });
    expect(second.get()).toMatchObject({ phase: 'paused', seconds: 10 });
    await second.run();
    expect(second.get().phase).toBe('done');
    // Nothing was asked twice.
    expect([...first.asked.slice(0, 4), ...second.asked].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('a file of a curve is refused by the field that is wrong', async () => {
    const { run, get } = bench();
    await run();
    const { timeline } = toStoredTimeline(get(), whole, 90, 'test', new Date(0)) as StoredTimeline;
    const refusal = (value: unknown) => {
      try {
        readQualityTimeline(value);
      } catch (error) {
        return toErrorData(error);
      }
      return expect.unreachable();
    };
    expect(refusal({ ...timeline, format: 3 })).toMatchObject({
      code: 'result/version',
      params: { format: 3, reads: 2 },
    });
    expect(refusal({ ...timeline, extra: 1 })).toMatchObject({
      code: 'result/file',
      params: { field: 'extra' },
    });
    const segments = timeline.segments.map((segment, at) => (at === 2 ? { ...segment, frames: 0 } : segment));
    expect(refusal({ ...timeline, segments })).toMatchObject({ params: { field: 'segments[2].frames' } });
  });

  test('another video starts empty', async () => {
    const { run, open, get } = bench();
    await run();
    open(file, { ...video, id: 2 });
    expect(get()).toMatchObject({ phase: 'idle', error: null, model: null });
    expect(get().results.every((result) => result === null)).toBe(true);
  });
});
