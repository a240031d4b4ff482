/** The Assess page's state over stand-ins for the two workers: what a person sees in each case, without a browser. */
import { describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { readResult } from '../../core/files/result.ts';
import { builtInProfiles, type Profile } from '../../core/sampling/profiles.ts';
import type { DeliveredFrame, FrameRequest, OpenedVideo } from '../../workers/media/api.ts';
import type { AssessEvent, AssessRequest, LoadedModel, RawAnswer } from '../../workers/model/api.ts';
import { type AssessMedia, createAssessStore } from './assess-store.ts';
import type { ModelStore } from './model/model-store.ts';

const profile = builtInProfiles['test12@560'] as Profile;
const sha = 'a'.repeat(64);
const TEXT = '<think>No blur here.</think><answer>3.87</answer>';

const model = {
  manifest: {
    name: 'Tiny',
    scale: {
      kind: 'human',
      range: [0, 5],
      datasets: [{ name: 'LSVQ-test', n: 7182, how: 'videos' }],
      map: 'MOS/20',
    },
  },
  manifestSha256: sha,
  profile,
  dtype: 'fp32',
  backend: 'wasm',
  adapter: '',
} as unknown as LoadedModel;

const video: OpenedVideo = {
  id: 1,
  start: 0,
  times: Float64Array.from({ length: 240 }, (_, i) => i / 24),
  facts: {
    name: 'clip.mp4',
    bytes: 4,
    container: 'mp4',
    codec: 'avc1.64001f',
    codecName: 'H.264 High',
    width: 640,
    height: 360,
    rotation: 0,
    frames: 240,
    duration: 10,
    fps: 24,
    bitDepth: 8,
    chroma: '4:2:0',
    colour: { matrix: 'bt601', range: 'limited', source: 'none', transfer: 'sdr' },
    videoBytes: 1,
    missing: 0,
    notices: [],
  },
};

const file = (name = 'clip.mp4') => new File(['clip'], name, { lastModified: 1 });

type Assess = (
  request: Omit<AssessRequest, 'job'>,
  onEvent: (event: AssessEvent) => void,
  signal?: AbortSignal,
) => Promise<RawAnswer>;

const answerOf = (text: string, change: Partial<RawAnswer> = {}): RawAnswer => ({
  text,
  tokens: 9,
  end: 'eos',
  expected: 3.8,
  seconds: { encodeVision: 1, encodeMotion: 0.1, prefill: 0.5, generate: 1 },
  framesReused: 0,
  ...change,
});

const writes: Assess = async (request, onEvent) => {
  for (let done = 1; done <= request.vision.length; done++) {
    onEvent({ stage: 'encodeVision', done, total: request.vision.length, reused: 0 });
  }
  onEvent({ stage: 'encodeMotion', reused: false });
  onEvent({ stage: 'prefill', tokens: 100, done: 0 });
  for (let i = 0; i < TEXT.length; i += 7)
    onEvent({ stage: 'generate', text: TEXT.slice(i, i + 7), tokens: i });
  return answerOf(TEXT);
};

function page(change: { assess?: Assess; media?: Partial<AssessMedia>; hash?: () => Promise<string> } = {}) {
  const requests: FrameRequest[] = [];
  const media: AssessMedia = {
    open: async () => video,
    frames: async (_id, request, onFrame: (frame: DeliveredFrame) => void) => {
      requests.push(request);
      for (const index of request.indices) {
        onFrame({ index, time: index / 24, rgb: request.rules.map(() => new Uint8Array(3)) });
      }
      return { decoded: 60, wanted: request.indices.length, seconds: 0.1 };
    },
    close: vi.fn(),
    ...change.media,
  };
  const assess = vi.fn(change.assess ?? writes);
  const models = {
    readyPackage: async () => model,
    client: { assess, encodeVision: async () => {} },
  } as unknown as ModelStore;
  const onResult = vi.fn();
  const store = createAssessStore({
    media,
    models,
    hash: change.hash ?? (async () => sha),
    app: 'test 1',
    onResult,
  });
  const settled = (phases: readonly string[] = ['done', 'stopped', 'error']) =>
    vi.waitFor(() => expect(phases).toContain(store.store.getState().phase));
  return { ...store, get: store.store.getState, requests, assess, onResult, settled, media };
}

describe('assess store', () => {
  it('goes from a file to a score, its percentile and a valid result file', async () => {
    const { open, get, settled, onResult } = page();
    expect(open(file())).toBe('started');
    await settled();
    await vi.waitFor(() => expect(onResult).toHaveBeenCalledOnce());
    const state = get();
    expect(state.reading?.score).toBe(3.87);
    expect(state.view.thinking).toBe('No blur here.');
    expect(state.frames.map((frame) => frame.index)).toEqual([
      9, 29, 49, 69, 89, 109, 129, 148, 168, 188, 208, 228,
    ]);
    expect(state.frames.every((frame) => frame.encoded)).toBe(true);
    expect(state.stages.encodeVision).toMatchObject({ state: 'done', seconds: 1 });
    const result = readResult(JSON.parse(JSON.stringify(state.result)));
    expect([result.score, result.band, result.file.sha256]).toEqual([3.87, 4, sha]);
    expect(result.percentile).toMatchObject({ kind: 'human', population: 'LSVQ-test' });
    expect(result.scale).toEqual({
      kind: 'human',
      datasets: [{ name: 'LSVQ-test', n: 7182, how: 'videos' }],
    });
  });

  it('never has a score while it runs', async () => {
    const scores: unknown[] = [];
    const { open, store, settled } = page();
    store.subscribe((state) => {
      if (state.phase === 'running') scores.push(state.reading);
    });
    open(file());
    await settled();
    expect(new Set(scores)).toEqual(new Set([null]));
  });

  it('lets no late event change an answer that is there', async () => {
    // The file's checksum takes its time, and the last pieces of text come after the answer.
    const { promise: hashed, resolve } = Promise.withResolvers<string>();
    let late = () => {};
    const { open, get, settled, onResult } = page({
      hash: () => hashed,
      assess: async (request, onEvent) => {
        late = () => onEvent({ stage: 'generate', text: '3.87</answer>', tokens: 9 });
        onEvent({ stage: 'encodeVision', done: 1, total: request.vision.length, reused: 0 });
        onEvent({ stage: 'generate', text: '<think', tokens: 1 });
        return answerOf(TEXT);
      },
    });
    open(file());
    await settled();
    late();
    await new Promise((done) => setTimeout(done, 80));
    expect(get().view.thinking).toBe('No blur here.');
    resolve(sha);
    await vi.waitFor(() => expect(onResult).toHaveBeenCalledOnce());
  });

  it('restores a result that was cleared, until another video takes its place', async () => {
    const { open, clear, restore, get, settled, onResult, media } = page();
    open(file());
    await settled();
    await vi.waitFor(() => expect(onResult).toHaveBeenCalledOnce());
    const before = get();
    clear();
    expect(get()).toMatchObject({ phase: 'empty', closed: 'clip.mp4', file: null });
    expect(media.close).not.toHaveBeenCalled();
    expect(restore()).toBe(true);
    expect(get()).toEqual(before);
    expect(restore()).toBe(false);

    clear();
    open(file('next.mp4'));
    expect(media.close).toHaveBeenCalledOnce();
    expect(get()).toMatchObject({ phase: 'running', closed: null });
    expect(restore()).toBe(false);
    await settled();
  });

  it('decodes nothing twice when asked again', async () => {
    const { open, rerun, get, settled, requests } = page();
    open(file());
    await settled();
    rerun();
    await vi.waitFor(() => expect(get().stages.decode.state).toBe('reused'));
    await settled();
    expect(requests.length).toBe(1);
  });

  it('asks several times with seeds of their own, and writes down all answers with their mean', async () => {
    const texts = ['3.50', 'good', '3.70'].map((score) => `<think>x</think><answer>${score}</answer>`);
    let nth = 0;
    const assess: Assess = async (_, onEvent) => {
      const text = texts[nth % 3]!;
      nth++;
      onEvent({ stage: 'generate', text, tokens: 9 });
      return answerOf(text);
    };
    const { open, rerun, get, settled, onResult, assess: asked, requests } = page({ assess });
    open(file());
    await settled();
    nth = 0;
    rerun({ times: 3 });
    await vi.waitFor(() => expect(get().answers.length).toBe(3));
    await settled();
    await vi.waitFor(() => expect(onResult).toHaveBeenCalledTimes(2));
    const seeds = asked.mock.calls
      .slice(1)
      .map(([{ sampling }]) => sampling.kind === 'sample' && sampling.seed);
    expect(seeds).toEqual([1, 2, 3]);
    expect(requests.length).toBe(1);
    const result = readResult(JSON.parse(JSON.stringify(get().result)));
    expect(result.answers.map(({ score }) => score)).toEqual([3.5, null, 3.7]);
    expect(result.score).toBeCloseTo(3.6, 12);
    expect([result.seed, result.timings.generate, get().stages.generate.seconds]).toEqual([1, 3, 3]);
  });

  it('keeps the answers that are finished when it is stopped among several', async () => {
    let nth = 0;
    const assess: Assess = (_, onEvent, signal) => {
      nth++;
      onEvent({ stage: 'generate', text: '<think>x', tokens: 1 });
      if (nth < 4) return Promise.resolve(answerOf(TEXT));
      return new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve(answerOf('<think>x', { end: 'aborted' })));
      });
    };
    const { open, rerun, stop, get, settled } = page({ assess });
    open(file());
    await settled();
    rerun({ times: 8 });
    await vi.waitFor(() => expect(nth).toBe(4));
    stop();
    await settled();
    expect([get().phase, get().answers.length, get().reading?.score]).toEqual(['done', 2, 3.87]);
  });

  it('keeps what was written at a stop and goes on from there', async () => {
    const half = '<think>No blur';
    const stops: Assess = (request, onEvent, signal) =>
      request.prefix
        ? Promise.resolve(answerOf(TEXT))
        : new Promise((resolve) => {
            onEvent({ stage: 'generate', text: half, tokens: 3 });
            signal?.addEventListener('abort', () =>
              resolve(answerOf(half, { end: 'aborted', expected: null })),
            );
          });
    const { open, stop, resume, get, settled, assess, onResult } = page({ assess: stops });
    open(file());
    await vi.waitFor(() => expect(get().view.thinking).toBe('No blur'));
    stop();
    await settled(['stopped']);
    expect([get().reading, get().result]).toEqual([null, null]);
    expect(onResult).not.toHaveBeenCalled();
    resume();
    await settled(['done']);
    expect(assess.mock.lastCall?.[0].prefix).toBe(half);
    expect(get().reading?.score).toBe(3.87);
  });

  it.each([
    ['<think>x</think><answer>3.5/5</answer>', 'not-a-number', 'eos'],
    ['<think>and so on', 'length', 'length'],
    ['<think>x</think><answer>7</answer>', 'out-of-range', 'eos'],
  ] as const)('gives no score for %s', async (text, reason, end) => {
    const { open, get, settled } = page({ assess: async () => answerOf(text, { end }) });
    open(file());
    await settled();
    await vi.waitFor(() => expect(get().result).not.toBeNull());
    expect(get().reading?.score).toBeNull();
    expect(get().result).toMatchObject({ score: null, answers: [{ score: null, reason }] });
    expect(get().result?.answers[0]).not.toHaveProperty('expected');
  });

  it('shows an error of the media worker with its code and keeps the file', async () => {
    const failing = () => Promise.reject(new CodedError('media/codec', { codec: 'HEVC' }));
    const { open, get, settled } = page({ media: { open: failing } });
    open(file());
    await settled();
    expect(get()).toMatchObject({
      phase: 'error',
      error: { code: 'media/codec', params: { codec: 'HEVC' } },
    });
    expect(get().file?.name).toBe('clip.mp4');
  });

  it('lines up three videos behind the running one and then works through them', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const waits: Assess = async (request, onEvent) => {
      await gate;
      return writes(request, onEvent);
    };
    const { open, get, onResult } = page({ assess: waits });
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => open(file(name)))).toEqual([
      'started',
      'queued',
      'queued',
      'queued',
      'full',
    ]);
    release();
    await vi.waitFor(() => expect(get().file?.name).toBe('d'));
    await vi.waitFor(() => expect(get().phase).toBe('done'));
    expect(get().queue).toEqual([]);
    expect(onResult.mock.calls.length).toBeGreaterThan(0);
  });

  it('reopens a result and takes only its own video back', async () => {
    const first = page();
    first.open(file());
    await vi.waitFor(() => expect(first.get().result).not.toBeNull());
    const saved = new File([JSON.stringify(first.get().result)], 'clip.json');
    const hash = vi.fn(async () => 'b'.repeat(64));
    const { reopen, attachVideo, get } = page({ hash });
    await reopen(saved);
    expect([get().phase, get().view.thinking, get().frames.length]).toEqual([
      'reopened',
      'No blur here.',
      12,
    ]);
    expect(await attachVideo(file())).toBe(false);
    hash.mockResolvedValue(sha);
    expect(await attachVideo(file())).toBe(true);
    expect(get().video?.facts.name).toBe('clip.mp4');
    await expect(reopen(new File(['{'], 'x.json'))).rejects.toMatchObject({ code: 'result/file' });
  });
});
