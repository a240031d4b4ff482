import { describe, expect, test } from 'vitest';
import type { DecodeReport, DeliveredFrame, FrameRequest, OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedVqa2 } from '../../../workers/model/api.ts';
import type { Vqa2Client } from '../../../workers/model/client.ts';
import type { PromptBlock, Vqa2Frame } from '../../../workers/model/vqa2/api.ts';
import type { RunEvent } from '../run/run-events.ts';
import { scoreVideo } from './score-video.ts';

const model = {
  manifest: {
    family: 'vqa2',
    protocol: 'ugc-2025',
    network: { side: 4, pooled: 2, positions: 2000, width: 8 },
  },
} as unknown as LoadedVqa2;

const opened = (frames: number, fps: number) =>
  ({ id: 1, facts: { frames, fps }, times: new Float64Array(frames) }) as unknown as OpenedVideo;

/** A decoder that delivers at once, backwards, and a worker that remembers what it got. */
function machine() {
  const requests: FrameRequest[] = [];
  const sent: Vqa2Frame[] = [];
  const asked: (readonly PromptBlock[])[] = [];
  let dropped = 0;
  const media = {
    async frames(_: number, request: FrameRequest, onFrame: (frame: DeliveredFrame) => void) {
      requests.push(request);
      for (const index of [...request.indices].reverse())
        onFrame({ index, time: index, rgb: [new Uint8Array(48)] });
      return { decoded: request.indices.length } as DecodeReport;
    },
  };
  const client: Vqa2Client = {
    hasBlocks: async (blocks) => blocks.map(() => false),
    async encodeFrame(frame) {
      sent.push(frame);
      return { motion: sent.length };
    },
    async dropFrames() {
      dropped += 1;
    },
    async levels({ blocks }, onEvent) {
      asked.push(blocks);
      onEvent({ stage: 'prefill', tokens: 10, done: 10 });
      return {
        logits: [0, 0, 0, 0, 0],
        tokens: 10,
        reused: 0,
        seconds: { encodeVision: 1, encodeMotion: 1, prefill: 1 },
      };
    },
  };
  return { media, client, requests, sent, asked, dropped: () => dropped };
}

const file = new File([], 'a.mp4');

function run(of: ReturnType<typeof machine>, video: OpenedVideo, change: object = {}) {
  const events: RunEvent[] = [];
  const work = scoreVideo(
    { file, video },
    {
      media: of.media,
      client: of.client,
      model,
      shown: new Set<number>(),
      signal: new AbortController().signal,
      onEvent: (event) => void events.push(event),
      ...change,
    },
  );
  return { events, work };
}

describe('a score', () => {
  test('each frame is decoded once, in windows, and sent for all its uses', async () => {
    const of = machine();
    const { work, events } = run(of, opened(600, 30));
    const { outcome, reused } = await work;
    expect(of.requests.map(({ indices }) => indices.length)).toEqual([256, 256, 88]);
    expect(new Set(of.requests.flatMap(({ indices }) => indices)).size).toBe(600);
    expect(of.sent.filter(({ key }) => key !== undefined)).toHaveLength(20);
    const positions = of.sent.flatMap(({ dense }) => dense?.positions ?? []);
    expect([...positions].sort((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(of.asked[0]!.map(({ kind }) => kind)).toEqual(['visual', 'motion']);
    expect(outcome).toMatchObject({ protocol: 'ugc-2025', tokens: 10 });
    expect(outcome.value).toBeCloseTo(0.6, 12);
    expect(outcome.levels.percent).toBeCloseTo(50, 10);
    expect(outcome.levels.entropy).toBeCloseTo(Math.log(5), 12);
    expect(reused).toEqual([]);
    expect(events.filter(({ kind }) => kind === 'encoding')).toHaveLength(20);
  });

  test('what the worker has is not decoded again', async () => {
    const of = machine();
    of.client.hasBlocks = async (blocks) => blocks.map(() => true);
    const { work } = run(of, opened(600, 30), {
      shown: new Set(Array.from({ length: 20 }, (_, i) => 30 * i)),
    });
    expect((await work).reused).toEqual(['decode', 'encodeVision', 'encodeMotion']);
    expect(of.requests).toEqual([]);
  });

  test('a stop between two windows ends it, and the worker drops the frames that wait', async () => {
    const of = machine();
    const stop = new AbortController();
    const frames = of.media.frames;
    of.media.frames = (...given) => {
      stop.abort();
      return frames(...given);
    };
    const { work } = run(of, opened(600, 30), { signal: stop.signal });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
    expect(of.requests).toHaveLength(1);
    expect(of.dropped()).toBe(1);
  });

  test.each([
    [opened(2400, 60), 'run/dense', { frames: 2400, limit: 2000 }],
    [opened(3, 30), 'run/short', { frames: 3, needed: 4, protocol: 'ugc-2025' }],
    [opened(100, 0.2), 'media/rate', {}],
    [opened(0, 30), 'media/no-frames', {}],
  ])(
    'a clip that the protocol cannot read is refused before a frame is decoded',
    async (video, code, params) => {
      const of = machine();
      await expect(run(of, video).work).rejects.toMatchObject({ code, params });
      expect(of.requests).toEqual([]);
    },
  );

  test('logits that are no numbers are an error, not a score', async () => {
    const of = machine();
    const { levels } = of.client;
    of.client.levels = async (...given) => ({
      ...(await levels(...given)),
      logits: [Number.NaN, 0, 0, 0, 0],
    });
    await expect(run(of, opened(600, 30)).work).rejects.toMatchObject({ code: 'run/levels' });
  });
});
