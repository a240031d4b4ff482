/** The frame worker: decodes one video from beginning to end and keeps nothing itself. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { decodeFrames, substitution } from '../media/decode.ts';
import { PlaneReader } from '../media/planes.ts';
import { Video } from '../media/video.ts';
import { expose, releaseCallback, transfer } from '../thread/rpc.ts';
import type { FramesApi, StoredFrame } from './api.ts';
import { reduceFrame } from './reduce.ts';

/** A gate opens by itself after so many ms: a decoder that stands longer counts as stalled. */
const LONGEST_WAIT = 4000;

interface Gate {
  readonly free: Promise<void>;
  readonly open: () => void;
}

function closedGate(): Gate {
  const { promise: free, resolve: open } = Promise.withResolvers<void>();
  setTimeout(open, LONGEST_WAIT);
  return { free, open };
}

const reader = new PlaneReader();
/** The page wants the processor for something else. */
let held: Gate | null = null;
/** A few frames are wanted before all others. */
let urgent: Gate | null = null;

const api: FramesApi = {
  async fill(file, { width, height, from, to, only }, onFrame) {
    const gate = only ? closedGate() : null;
    if (gate) urgent = gate;
    const video = await Video.open(file);
    const { rotation, mirrored } = video.index;
    const identity = video.facts.colour.matrix === 'identity';
    const received: unknown[] = [];
    const wanted = only ?? Array.from({ length: to - from }, (_, i) => from + i);
    try {
      await decodeFrames(
        video,
        wanted,
        async (index, used, frame) => {
          const planes = await reader.read(frame).finally(() => frame.close());
          const fromRgb = identity || planes.fromRgb === true;
          const data = reduceFrame(planes, rotation, width, height, fromRgb, mirrored);
          reader.release(planes);
          const stored: StoredFrame = { index, ...substitution(video, index, used), data, fromRgb };
          received.push(onFrame(transfer(stored, [data.buffer])));
          // The decoder waits with its pictures: it has only so many.
          await held?.free;
          if (!only) await urgent?.free;
        },
        { software: false, signal: new AbortController().signal },
      );
      await Promise.all(received);
      releaseCallback(onFrame);
    } finally {
      gate?.open();
    }
  },

  hold(on) {
    if (on) held ??= closedGate();
    else {
      held?.open();
      held = null;
    }
  },
};

expose(api);
