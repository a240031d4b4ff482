/**
 * Client of the frame worker: proxy frames of one video in the page's memory, so that any frame can be
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
  /** The range [from, to) that is stored or being decoded. */
  readonly part: readonly [number, number];
  /** Error that ended the decoding before all frames were stored, or null. */
  readonly error: unknown;
  has(index: number): boolean;
  /** True where the stored frame is the full-resolution frame, not a proxy. */
  exact(index: number): boolean;
  /** Frame that is stored in place of one that could not be decoded; undefined where the frame is its own. */
  substituted(index: number): number | undefined;
  /**
   * Writes a frame as RGBA, [plan.height, plan.width, 4].
   *
   * @returns false when the frame is not there; `out` is as before then
   */
  paint(index: number, out: Uint8ClampedArray): boolean;
  /** Decodes these frames before all others, whatever range is stored. */
  prefer(frames: readonly number[]): void;
  /** Stores another range of a video that is too long for the cap; does nothing when `at` lies in the current one. */
  focus(at: number): void;
  /** Pauses decoding, so that something more urgent has the processor. */
  hold(on: boolean): void;
  /** Called after each decoded frame, and when decoding ends. */
  subscribe(listener: () => void): () => void;
  dispose(): void;
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'frames' });
}

const jfif = colourTables({ matrix: 'bt601', range: 'full' }, 8);
const planeLayout = (offset: number, stride: number) => ({ offset, stride, step: 1 }) as const;

/** Frame planes over the samples of a stored frame, 8-bit YUV 4:2:0. */
function planesOf({ width, height }: StorePlan, samples: Uint8Array) {
  const { chromaWidth, u, v } = layoutOf(width, height);
  return {
    width,
    height,
    bitDepth: 8,
    samples,
    y: planeLayout(0, width),
    u: planeLayout(u, chromaWidth),
    v: planeLayout(v, chromaWidth),
    shiftX: 1,
    shiftY: 1,
  } as const;
}

type StoreFacts = Pick<
  VideoFacts,
  'width' | 'height' | 'frames' | 'bitDepth' | 'chroma' | 'rotation' | 'mirrored' | 'colour'
>;

class WorkerFrameStore implements FrameStore {
  readonly plan: StorePlan;
  part: readonly [number, number];
  error: unknown = null;
  private readonly file: File;
  private readonly start: () => Worker;
  private readonly tables: ColourTables;
  private readonly stored = new Map<number, StoredFrame>();
  private readonly listeners = new Set<() => void>();
  private worker: Worker | null = null;
  private remote: Remote<FramesApi> | null = null;
  private holding = false;
  /** Number of the current decoding; results of an earlier one are discarded. */
  private turn = 0;

  constructor(file: File, facts: StoreFacts, cap: number, start: () => Worker) {
    this.file = file;
    this.start = start;
    this.plan = planStore(facts, cap);
    this.tables = colourTables(facts.colour, 8);
    this.part = storedRange(this.plan, 0);
    this.fill(this.part[0]);
  }

  get ready(): number {
    return this.stored.size;
  }

  has(index: number): boolean {
    return this.stored.has(index);
  }

  exact(index: number): boolean {
    return this.plan.exact && this.stored.get(index)?.fromRgb === false;
  }

  substituted(index: number): number | undefined {
    return this.stored.get(index)?.substituted;
  }

  paint(index: number, out: Uint8ClampedArray): boolean {
    const frame = this.stored.get(index);
    if (!frame) return false;
    const { width, height } = this.plan;
    const region = { x: 0, y: 0, width, height, step: 1 };
    const target = { bytes: out, offset: 0, stride: width * 4, channels: 4 } as const;
    writeRgb(planesOf(this.plan, frame.data), frame.fromRgb ? jfif : this.tables, 0, region, target);
    return true;
  }

  prefer(frames: readonly number[]): void {
    const only = frames.filter((index) => !this.stored.has(index));
    if (only.length === 0 || !this.remote) return;
    const { width, height, frames: to } = this.plan;
    const size = { width, height, from: 0, to, only };
    // An error here occurs again while the whole range is decoded, and is reported there.
    this.remote.fill(this.file, size, this.deliver(this.turn)).catch(() => {});
  }

  focus(at: number): void {
    const { part, stored } = this;
    if (at >= part[0] && at < part[1]) return;
    const [from, to] = storedRange(this.plan, at);
    this.part = [from, to];
    for (const index of stored.keys()) if (index < from || index >= to) stored.delete(index);
    this.fill(at);
    this.notify();
  }

  hold(on: boolean): void {
    this.holding = on;
    void this.remote?.hold(on);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  dispose(): void {
    this.stop();
    this.stored.clear();
    this.listeners.clear();
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }

  private stop(): void {
    this.turn++;
    this.worker?.terminate();
    this.worker = null;
    this.remote = null;
  }

  /** Callback that stores the frames of one decoding. */
  private deliver(turn: number) {
    return proxy((frame: StoredFrame) => {
      if (turn !== this.turn) return;
      this.stored.set(frame.index, frame);
      this.notify();
    });
  }

  /** Decodes the range in a new worker: from `at` to its end, then the frames before. */
  private fill(at: number): void {
    this.stop();
    const { turn } = this;
    this.error = null;
    const worker = this.start();
    this.worker = worker;
    const end = (error: unknown) => {
      if (turn !== this.turn) return;
      this.error = error;
      this.stop();
      this.notify();
    };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      end(new CodedError('media/damaged', {}, event.message));
    });
    this.remote = wrap<FramesApi>(worker);
    this.decodeRange(this.remote, at, this.deliver(turn)).then(() => end(null), end);
  }

  private async decodeRange(
    api: Remote<FramesApi>,
    at: number,
    onFrame: ReturnType<WorkerFrameStore['deliver']>,
  ): Promise<void> {
    const { width, height } = this.plan;
    const [from, to] = this.part;
    if (this.holding) await api.hold(true);
    await api.fill(this.file, { width, height, from: at, to }, onFrame);
    if (at > from) await api.fill(this.file, { width, height, from, to: at }, onFrame);
  }
}

/** @param cap bytes that the stored frames may take */
export const createFrameStore = (
  file: File,
  facts: StoreFacts,
  cap: number,
  start: () => Worker = startWorker,
): FrameStore => new WorkerFrameStore(file, facts, cap, start);
