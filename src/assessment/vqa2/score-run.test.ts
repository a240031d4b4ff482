/** The store of Assess, and the costs of stalls, with a package of VQA² whose worker answers at once. */
import { describe, expect, it, vi } from 'vitest';
import { readResult } from '../../../core/files/result.ts';
import type { DeliveredFrame, FrameRequest, OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedVqa2 } from '../../../workers/model/api.ts';
import type { Vqa2Client } from '../../../workers/model/client.ts';
import type { LevelRequest } from '../../../workers/model/vqa2/api.ts';
import { type AssessMedia, createAssessStore } from '../assess-store.ts';
import type { ModelStore } from '../model/model-store.ts';
import { StallStore } from './stall-store.ts';

const sha = 'a'.repeat(64);
const model = {
  manifest: {
    name: 'Levels',
    family: 'vqa2',
    role: 'streaming',
    protocol: 'streaming-2024',
    network: { side: 4, pooled: 2, positions: 2000, width: 8 },
  },
  manifestSha256: sha,
  dtype: 'fp32',
  backend: 'wasm',
  adapter: '',
} as unknown as LoadedVqa2;

const video = {
  id: 1,
  start: 0,
  times: Float64Array.from({ length: 250 }, (_, i) => i / 25),
  facts: {
    name: 'clip.mp4',
    bytes: 4,
    container: 'mp4',
    codec: 'avc1.64001f',
    width: 640,
    height: 360,
    rotation: 0,
    frames: 250,
    duration: 10,
    fps: 25,
    colour: { matrix: 'bt601', range: 'limited', source: 'none', transfer: 'sdr' },
    missing: 0,
    notices: [],
  },
} as unknown as OpenedVideo;

/** A worker whose `high` falls with the stalled frames that a prompt names. */
function page(levels?: Vqa2Client['levels']) {
  const requests: FrameRequest[] = [];
  const asked: Omit<LevelRequest, 'job'>[] = [];
  const thumbnail = { close() {} } as ImageBitmap;
  const media: AssessMedia = {
    open: async () => video,
    async frames(_, request, onFrame: (frame: DeliveredFrame) => void) {
      requests.push(request);
      for (const index of request.indices)
        onFrame({
          index,
          time: index / 25,
          rgb: [new Uint8Array(48)],
          ...(request.thumbnailOf?.includes(index) && { thumbnail }),
        });
      return { decoded: request.indices.length, wanted: request.indices.length, seconds: 0.1 };
    },
    close: vi.fn(),
  };
  const client: Vqa2Client = {
    hasBlocks: async (blocks) => blocks.map(() => false),
    encodeFrame: async () => ({ motion: 1 }),
    dropFrames: vi.fn(async () => {}),
    levels:
      levels ??
      (async (request) => {
        asked.push(request);
        const stalled = Number(/stalling duration of this video is (\d+)/.exec(request.text)?.[1] ?? 0);
        return {
          logits: [5 - stalled / 25, 0, 0, 0, 0],
          tokens: 50,
          reused: 0,
          seconds: { encodeVision: 1, encodeMotion: 1, prefill: 1 },
        };
      }),
  };
  const models = { readyPackage: async () => model, client: { vqa2: client } } as unknown as ModelStore;
  const onResult = vi.fn();
  const store = createAssessStore({ media, models, hash: async () => sha, app: 'test 1', onResult });
  const settled = (phase: string) =>
    vi.waitFor(() => expect(store.store.getState().phase).toBe(phase), { timeout: 10_000 });
  return { store, get: store.store.getState, media, client, requests, asked, onResult, settled };
}

const file = () => new File(['clip'], 'clip.mp4', { lastModified: 1 });

describe('a run with a package of VQA²', () => {
  it('goes from a file to levels and a valid result without text', async () => {
    const { store, get, settled, onResult } = page();
    store.open(file());
    await settled('done');
    await vi.waitFor(() => expect(onResult).toHaveBeenCalledOnce());
    const { levels, result, frames, stages, answer } = get();
    expect(levels).toMatchObject({ protocol: 'streaming-2024', stalls: null });
    expect(frames.map(({ index }) => index)).toEqual([0, 25, 50, 75, 100, 125, 150, 175, 200, 225]);
    expect([stages.prefill.seconds, stages.generate.seconds, answer]).toEqual([1, 0, null]);
    const read = readResult(JSON.parse(JSON.stringify(result)));
    expect(read.levels?.percent).toBe(levels!.levels.percent);
    expect([read.score, read.answers, read.profile]).toEqual([levels!.value, [], undefined]);
  });

  it('tells stalls, and keeps the thumbnails of frames that both plans have', async () => {
    const { store, get, settled, requests, asked } = page();
    store.open(file());
    await settled('done');
    const stalls = [{ at: 2, duration: 1 }];
    store.rerun({ stalls });
    await vi.waitFor(() => expect(get().levels?.stalls).toEqual(stalls), { timeout: 10_000 });
    expect(asked[1]!.text).toContain('The total stalling duration of this video is 25 frames');
    expect(asked[1]!.blocks.map(({ kind }) => kind)).toEqual(['visual', 'motion']);
    expect(get().frames.map(({ index }) => index)).toEqual([0, 25, 50, 50, 75, 100, 125, 150, 175, 200, 225]);
    expect(get().frames.every(({ thumbnail }) => thumbnail !== null)).toBe(true);
    expect(requests.slice(1).every(({ thumbnail }) => thumbnail === 0)).toBe(true);
  });

  it('ends at a stop without a score, and begins again', async () => {
    let stopped = false;
    const { store, get, settled, client } = page(async (_, __, signal) => {
      if (!stopped) {
        stopped = true;
        store.stop();
        signal?.throwIfAborted();
      }
      return {
        logits: [1, 0, 0, 0, 0],
        tokens: 1,
        reused: 0,
        seconds: { encodeVision: 0, encodeMotion: 0, prefill: 0 },
      };
    });
    store.open(file());
    await settled('stopped');
    expect([get().levels, get().result]).toEqual([null, null]);
    expect(client.dropFrames).toHaveBeenCalled();
    store.resume();
    await settled('done');
    expect(get().levels).not.toBeNull();
  });
});

describe('costs of stalls', () => {
  it('are measured with all, with none and without each, and not forced to a sign', async () => {
    const { media, client } = page();
    const stalls = new StallStore({ media, client });
    stalls.use(file());
    stalls.set([
      { at: 6, duration: 2 },
      { at: 2, duration: 1 },
    ]);
    await stalls.measure(video, model);
    const { costs } = stalls.store.getState();
    expect(costs!.state).toBe('done');
    expect(costs!.stalls.map(({ at }) => at)).toEqual([2, 6]);
    const [first, second] = costs!.without;
    // The worker's own rule: more stalled frames, fewer points.
    expect([costs!.all! < first!, first! < second!, second! < costs!.none!]).toEqual([true, true, true]);
    stalls.set([]);
    expect(stalls.store.getState().costs).toBeNull();
  });

  it('a stop keeps what is there; a list that cannot be read leaves the stalls', async () => {
    const { media, client } = page();
    const { levels } = client;
    const stalls = new StallStore({ media, client });
    let calls = 0;
    client.levels = (request, onEvent, signal) => {
      if (++calls === 2) stalls.stop();
      return levels(request, onEvent, signal);
    };
    stalls.use(file());
    stalls.read('2,1\n6,2', video);
    await stalls.measure(video, model);
    const { costs } = stalls.store.getState();
    expect([costs!.state, costs!.all !== null, costs!.none]).toEqual(['stopped', true, null]);
    stalls.read('0,1', video);
    expect(stalls.store.getState().error?.code).toBe('stall/initial');
    expect(stalls.store.getState().stalls).toHaveLength(2);
  });
});
