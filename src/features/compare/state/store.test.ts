/** The Compare page's state over stand-ins for decoder, frame store and model. */
import { describe, expect, it, vi } from 'vitest';
import { builtInProfiles, type Profile } from '../../../../core/sampling/profiles.ts';
import type { FrameStore } from '../../../../workers/frames/client.ts';
import type { DeliveredFrame, FrameRequest, OpenedVideo, VideoFacts } from '../../../../workers/media/api.ts';
import type { AssessRequest, LoadedModel, RawAnswer } from '../../../../workers/model/api.ts';
import { createAssessBoth } from './assess.ts';
import { DEFAULTS, linkQuery } from './settings.ts';
import { createCompareStore } from './store.ts';
import { NO_FRAME } from './timeline.ts';

const profile = builtInProfiles['test12@560'] as Profile;
const SHA = { 'a.mp4': 'a'.repeat(64), 'b.mp4': 'b'.repeat(64) } as Record<string, string>;
const file = (name: string) => new File([name], name, { lastModified: 1 });

function video(id: number, name: string, frames: number, fps: number): OpenedVideo {
  return {
    id,
    start: 0,
    times: Float64Array.from({ length: frames }, (_, i) => i / fps),
    facts: { name, width: 64, height: 36, frames, duration: frames / fps, fps } as unknown as VideoFacts,
  };
}

function page(change: { open?: (file: File) => Promise<OpenedVideo>; sha?: (file: File) => string } = {}) {
  let lastId = 0;
  const caps: number[] = [];
  const disposed: string[] = [];
  const preferred: number[][] = [];
  const media = {
    open: vi.fn(
      change.open ?? (async (file: File) => video(++lastId, file.name, file.name === 'b.mp4' ? 48 : 24, 24)),
    ),
    close: vi.fn(),
    frameImage: vi.fn(async () => ({
      width: 64,
      height: 36,
      rgba: new Uint8ClampedArray(64 * 36 * 4),
      decoded: 1,
    })),
  };
  const made = createCompareStore({
    media,
    hash: async (blob) => (change.sha ? change.sha(blob as File) : (SHA[(blob as File).name] ?? '')),
    createFrames: (file, facts, cap) => {
      caps.push(cap);
      return {
        plan: {
          width: 64,
          height: 36,
          bytesPerFrame: 3456,
          frames: facts.frames,
          room: facts.frames,
          exact: true,
        },
        ready: facts.frames,
        part: [0, facts.frames],
        error: null,
        has: () => true,
        exact: () => true,
        substituted: () => undefined,
        paint: () => true,
        prefer: (frames) => preferred.push([...frames]),
        focus: () => {},
        hold: () => {},
        subscribe: () => () => {},
        dispose: () => disposed.push(file.name),
      } satisfies FrameStore;
    },
  });
  made.setProfile(profile);
  return { ...made, get: made.store.getState, media, caps, disposed, preferred };
}

describe('the Compare store', () => {
  it('opens one video and draws its perturbed copy', async () => {
    const { take, get, caps, frameOf, preferred } = page();
    take([file('a.mp4')]);
    await vi.waitFor(() => expect(get().a).not.toBeNull());
    expect(get().timeline?.positions).toBe(12);
    expect([...(get().timeline?.a ?? [])]).toEqual(get().sampled);
    expect(get().perturbation?.drawn.kind).toBe('perturbed');
    expect(caps).toEqual([512e6]);
    expect(new Set(preferred.at(-1))).toEqual(new Set(get().sampled));
    expect(frameOf('b', 0)).toBe(get().timeline?.b[0]);
    await vi.waitFor(() => expect(get().sha256.a).toBe(SHA['a.mp4']));
  });

  it('halves the memory for two videos and gives it back', async () => {
    const { take, get, caps, disposed, closeB } = page();
    take([file('a.mp4'), file('b.mp4')]);
    await vi.waitFor(() => expect(get().b).not.toBeNull());
    expect(caps).toEqual([512e6, 256e6, 256e6]);
    expect(disposed).toEqual(['a.mp4']);
    expect([get().perturbation, get().timeline?.positions]).toEqual([null, 48]);
    closeB();
    expect(get().perturbation?.drawn.kind).toBe('perturbed');
    expect(caps.at(-1)).toBe(512e6);
  });

  it('follows a link and refuses another content under the same name', async () => {
    const link = linkQuery({
      settings: { ...DEFAULTS, over: 'video', mode: 'reverse', offset: 3 },
      position: 9,
      a: { name: 'a.mp4', sha256: SHA['a.mp4']! },
      b: null,
    });
    const other = page({ sha: () => 'c'.repeat(64) });
    other.follow(link);
    other.take([file('a.mp4')]);
    await vi.waitFor(() => expect(other.get().error?.data.code).toBe('compare/file'));
    expect([other.get().a, other.media.open.mock.calls.length]).toEqual([null, 0]);
    other.useAnyway();
    await vi.waitFor(() => expect(other.get().a?.file.name).toBe('a.mp4'));

    const same = page();
    same.follow(link);
    expect(same.get().asked.a?.name).toBe('a.mp4');
    same.take([file('a.mp4')]);
    await vi.waitFor(() => expect(same.get().a).not.toBeNull());
    expect(same.clock.store.getState().position).toBe(9);
    expect(same.frameOf('b', 0)).toBe(20);
    expect(same.link()).toBe(link);

    // A link to another video closes the open one.
    same.follow(link.replace('a.mp4', 'b.mp4').replace(SHA['a.mp4']!, SHA['b.mp4']!));
    expect([same.get().a, same.get().asked.a?.name]).toEqual([null, 'b.mp4']);
  });

  it('shows only the file that was asked for last', async () => {
    const slow = Promise.withResolvers<OpenedVideo>();
    const { take, get, media } = page({
      open: (file) => (file.name === 'a.mp4' ? slow.promise : Promise.resolve(video(2, file.name, 48, 24))),
    });
    take([file('a.mp4')]);
    take([file('b.mp4')]);
    await vi.waitFor(() => expect(get().a?.file.name).toBe('b.mp4'));
    slow.resolve(video(1, 'a.mp4', 24, 24));
    await vi.waitFor(() => expect(media.close).toHaveBeenCalledWith(1));
    expect(get().a?.file.name).toBe('b.mp4');
  });

  it('says what went wrong, and lets go of everything', async () => {
    const { take, get, clear, dismiss } = page({ open: () => Promise.reject(new Error('broken')) });
    take([file('a.mp4')]);
    await vi.waitFor(() => expect(get().error?.data.code).toBe('app/unexpected'));
    dismiss();
    expect(get().error).toBeNull();
    clear();
    expect(get().timeline).toBeNull();
  });
});

const model = {
  manifest: { name: 'Tiny', scale: { kind: 'unmeasured', range: [1, 5] } },
  manifestSha256: 'f'.repeat(64),
  profile,
  dtype: 'fp32',
  backend: 'wasm',
} as unknown as LoadedModel;

async function assessing(change: Partial<typeof DEFAULTS> = {}) {
  const compare = page();
  compare.change({ answers: 4, ...change });
  compare.take([file('a.mp4')]);
  await vi.waitFor(() => expect(compare.get().a).not.toBeNull());
  const seen = new Set<string>();
  const requests: FrameRequest[] = [];
  const asked: Omit<AssessRequest, 'job'>[] = [];
  const assess = vi.fn(
    async (
      request: Omit<AssessRequest, 'job'>,
      _onEvent: unknown,
      signal?: AbortSignal,
    ): Promise<RawAnswer> => {
      asked.push(request);
      const framesReused = request.vision.filter(({ key }) => seen.has(key)).length;
      for (const { key, rgb } of request.vision) {
        if (!seen.has(key)) expect(rgb, key).toBeDefined();
        seen.add(key);
      }
      const seed = request.sampling.kind === 'sample' ? request.sampling.seed : 0;
      return {
        text: `<think>x</think><answer>3.${seed}0</answer>`,
        tokens: 5,
        end: signal?.aborted ? 'aborted' : 'eos',
        expected: 3,
        seconds: {
          encodeVision: framesReused === request.vision.length ? 0 : 1,
          encodeMotion: 0.1,
          prefill: 0.2,
          generate: 0.3,
        },
        framesReused,
      };
    },
  );
  const both = createAssessBoth({
    media: {
      frames: async (_id, request, onFrame: (frame: DeliveredFrame) => void) => {
        requests.push(request);
        for (const index of request.indices)
          onFrame({ index, time: 0, rgb: request.rules.map(() => new Uint8Array(3)) });
        return { decoded: 1, wanted: request.indices.length, seconds: 0.1 };
      },
    },
    models: { ready: async () => model, client: { assess, encodeVision: async () => {} } as never },
    state: compare.get,
  });
  return { compare, both, requests, asked, get: both.store.getState };
}

describe('assessing both sides', () => {
  it('decodes permuted frames once and looks at none again', async () => {
    const { both, requests, asked, get } = await assessing();
    await both.run();
    expect(get().phase).toBe('done');
    expect(requests).toHaveLength(1);
    const { a, b } = get().runs;
    expect([a?.answers.length, b?.answers.length, b?.reused, b?.frames, b?.decoded]).toEqual([
      4, 4, 12, 12, 0,
    ]);
    expect(b?.seconds).toMatchObject({ decode: 0, encodeVision: 0 });
    expect(b?.seconds.generate).toBeCloseTo(1.2, 12);
    const keys = (nth: number) => asked[nth]?.vision.map(({ key }) => key);
    expect(new Set(keys(4))).toEqual(new Set(keys(0)));
    expect(keys(4)).not.toEqual(keys(0));
    expect(asked.map(({ sampling }) => sampling.kind === 'sample' && sampling.seed)).toEqual([
      1, 2, 3, 4, 1, 2, 3, 4,
    ]);
  });

  it('assesses A once, and B again after another perturbation', async () => {
    const { both, compare, asked } = await assessing();
    await both.run();
    expect(both.isCurrent('b')).toBe(true);
    compare.change({ mode: 'reverse' });
    expect([both.isCurrent('a'), both.isCurrent('b')]).toEqual([true, false]);
    await both.run();
    expect(asked).toHaveLength(12);
    await both.run();
    expect(asked).toHaveLength(12);
  });

  it('gives the mean colour for a frame that was taken away', async () => {
    const { both, compare, asked } = await assessing({ mode: 'random_drop', answers: 1 });
    const gone = [...(compare.get().timeline?.b ?? [])].filter((frame) => frame === NO_FRAME).length;
    expect(gone).toBeGreaterThan(0);
    await both.run();
    const zeros = asked[1]?.vision.filter(({ key }) => key.startsWith('zeros')) ?? [];
    expect(zeros).toHaveLength(gone);
    expect([...zeros[0]!.rgb!.subarray(0, 3)]).toEqual(profile.mean.map((value) => Math.round(value * 255)));
    expect(asked[0]?.sampling).toEqual({ kind: 'greedy' });
  });

  it('keeps what is finished when it is stopped, and goes on from there', async () => {
    const { both, asked, get } = await assessing();
    const stop = both.store.subscribe(({ runs }) => {
      if (runs.a?.answers.length === 2) both.stop();
    });
    await both.run();
    stop();
    expect([get().phase, get().runs.a?.answers.length, get().runs.b]).toEqual(['stopped', 2, null]);
    const before = asked.length;
    await both.run();
    expect([get().phase, get().runs.b?.answers.length]).toEqual(['done', 4]);
    expect(asked.length - before).toBe(6);
  });

  it('lets go of everything with the video', async () => {
    const { both, get } = await assessing();
    await both.run();
    both.clear();
    expect(get()).toMatchObject({ phase: 'idle', runs: { a: null, b: null } });
  });
});
