/**
 * The page's side of the frame store: proxy frames of one video in the page's sourceTables memory, so that any frame can be
 * drawn at once, in any order.
 */
import { CodedError } from '../../core/errors.ts';
import type { VideoFacts } from '../media/api.ts';
import { type ColourTables, colourTables, writeRgb } from '../media/yuv.ts';
import { proxy, type Remote, wrap } from '../thread/rpc.ts';
import type { FramesApi, StoredFrame, StorePlan } from './api.ts';
import { planStore, storedRange } from './plan.ts';
import { layoutOf } from './reduce.ts';

export interface FrameStore {
  readonly plan: StorePlan;
  /** Frames that are there now. */
  readonly ready: number;
  /** The part [from, to) that is stored or being filled. */
  readonly part: readonly [number, number];
  /** Error that ended the decoding before all frames were stored, or null. */
  readonly error: unknown;
  has(index: number): boolean;
  /** True where the stored frame is the full-resolution frame, not a proxy. */
  exact(index: number): boolean;
  /**
   * Writes a frame as RGBA, [plan.height, plan.width, 4].
   *
   * @returns false when the frame is not there; `out` is as before then
   */
  paint(index: number, out: Uint8ClampedArray): boolean;
  /** Brings these frames before all others, whatever part is stored. */
  prefer(frames: readonly number[]): void;
  /** Keeps another part of a video that is too long for the cap; does nothing when `at` lies in the part of now. */
  focus(at: number): void;
  /** Gives the decoder's processor time to something more urgent. */
  hold(on: boolean): void;
  /** Called after each frame that comes, and when filling ends. */
  subscribe(listener: () => void): () => void;
  dispose(): void;
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'frames' });
}

/** @param cap bytes that the stored frames may take */
export function createFrameStore(
  file: File,
  facts: Pick<VideoFacts, 'width' | 'height' | 'frames' | 'bitDepth' | 'chroma' | 'rotation' | 'colour'>,
  cap: number,
  start: () => Worker = startWorker,
): FrameStore {
  const plan = planStore(facts, cap);
  const { width, height } = plan;
  const { chromaWidth, u, v } = layoutOf(width, height);
  const sourceTables = colourTables(facts.colour, 8);
  const jfif = colourTables({ matrix: 'bt601', range: 'full' }, 8);
  const stored = new Map<number, StoredFrame>();
  const listeners = new Set<() => void>();
  const layout = (offset: number, stride: number) => ({ offset, stride, step: 1 }) as const;
  const planesOf = (samples: Uint8Array) =>
    ({
      width,
      height,
      bitDepth: 8,
      samples,
      y: layout(0, width),
      u: layout(u, chromaWidth),
      v: layout(v, chromaWidth),
      shiftX: 1,
      shiftY: 1,
    }) as const;
  const region = { x: 0, y: 0, width, height, step: 1 };
  let part = storedRange(plan, 0);
  let error: unknown = null;
  let worker: Worker | null = null;
  let remote: Remote<FramesApi> | null = null;
  let holding = false;
  let turn = 0;

  const tell = () => {
    for (const listener of listeners) listener();
  };

  function stop(): void {
    turn++;
    worker?.terminate();
    worker = null;
    remote = null;
  }

  /** Takes frames of one filling, as long as no other has begun. */
  const deliver = (current: number) =>
    proxy((frame: StoredFrame) => {
      if (current !== turn) return;
      stored.set(frame.index, frame);
      tell();
    });

  /** Fills the part, from where the reader is to its end, then what lies before. */
  function fill(at: number): void {
    stop();
    const current = turn;
    error = null;
    worker = start();
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      fail(new CodedError('media/damaged', {}, event.message));
    });
    const api = wrap<FramesApi>(worker);
    remote = api;
    const fail = (reason: unknown) => {
      if (current !== turn) return;
      error = reason;
      stop();
      tell();
    };
    const onFrame = deliver(current);
    const [from, to] = part;
    const work = async () => {
      if (holding) await api.hold(true);
      await api.fill(file, { width, height, from: at, to }, onFrame);
      if (at > from) await api.fill(file, { width, height, from, to: at }, onFrame);
    };
    work().then(() => {
      if (current !== turn) return;
      stop();
      tell();
    }, fail);
  }

  fill(part[0]);
  return {
    plan,
    get ready() {
      return stored.size;
    },
    get part() {
      return part;
    },
    get error() {
      return error;
    },
    has: (index) => stored.has(index),
    exact: (index) => plan.exact && stored.get(index)?.fromRgb === false,
    paint(index, out) {
      const frame = stored.get(index);
      if (!frame) return false;
      const tables: ColourTables = frame.fromRgb ? jfif : sourceTables;
      const target = { bytes: out, offset: 0, stride: width * 4, channels: 4 } as const;
      writeRgb(planesOf(frame.data), tables, 0, region, target);
      return true;
    },
    prefer(frames) {
      const only = frames.filter((index) => !stored.has(index));
      if (only.length === 0 || !remote) return;
      const [from, to] = [0, plan.frames];
      // An error here occurs again while the whole range is decoded, and is reported there.
      remote.fill(file, { width, height, from, to, only }, deliver(turn)).catch(() => {});
    },
    focus(at) {
      if (at >= part[0] && at < part[1]) return;
      part = storedRange(plan, at);
      for (const index of stored.keys()) if (index < part[0] || index >= part[1]) stored.delete(index);
      fill(at);
      tell();
    },
    hold(on) {
      holding = on;
      void remote?.hold(on);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    dispose() {
      stop();
      stored.clear();
      listeners.clear();
    },
  };
}
