/** The frame worker: decodes one video from beginning to end and keeps nothing itself. */
/// <reference lib="webworker" />
import '../requests.ts';
import { decodeFrames } from '../media/decode.ts';
import { hasPlanes, PlaneReader } from '../media/planes.ts';
import { Video } from '../media/video.ts';
import { expose, transfer } from '../rpc.ts';
import type { FramesApi, StoredFrame } from './api.ts';
import { reduceFrame } from './reduce.ts';

/** A hold ends by itself: a decoder that stands longer counts as stalled. */
const LONGEST_HOLD = 4000;

const reader = new PlaneReader();
let held: { readonly free: Promise<void>; readonly release: () => void } | null = null;

function hold(on: boolean): void {
  if (!on) {
    held?.release();
    held = null;
  } else if (!held) {
    const { promise: free, resolve: release } = Promise.withResolvers<void>();
    held = { free, release };
    setTimeout(release, LONGEST_HOLD);
  }
}

const api: FramesApi = {
  async fill(file, { width, height, from, to, only }, onFrame) {
    const video = await Video.open(file);
    const { rotation } = video.index;
    const identity = video.facts.colour.matrix === 'identity';
    const received: unknown[] = [];
    const wanted = only ?? Array.from({ length: to - from }, (_, i) => from + i);
    await decodeFrames(
      video,
      wanted,
      async (index, _used, frame) => {
        const fromRgb = identity || !hasPlanes(frame.format);
        const planes = await reader.read(frame);
        frame.close();
        const data = reduceFrame(planes, rotation, width, height, fromRgb);
        reader.release(planes);
        const stored: StoredFrame = { index, data, fromRgb };
        received.push(onFrame(transfer(stored, [data.buffer])));
        // The decoder waits with its pictures: it has only so many.
        await held?.free;
      },
      { software: false, signal: new AbortController().signal },
    );
    await Promise.all(received);
  },
  hold,
};

expose(api);
