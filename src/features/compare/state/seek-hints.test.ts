/** Seek hints and prefetch of the Compare page. Oracle: written out by hand. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { SeekHint } from '../../../../workers/media/api.ts';
import type { ClockState } from './clock.ts';
import { createSeekHints, framesToPrefetch, seekHintsAt } from './seek-hints.ts';
import { DEFAULTS } from './settings.ts';
import type { CompareState, Side } from './store.ts';
import type { Timeline } from './timeline.ts';

interface StoreFill {
  ready: number;
  exact: boolean;
}

function side(id: number, frames: number, fill: StoreFill = { ready: frames, exact: false }): Side {
  return {
    video: { id, facts: { width: 1920, height: 1080 } },
    frames: {
      plan: { exact: fill.exact },
      get ready() {
        return fill.ready;
      },
      part: [0, frames],
      error: null,
      subscribe: (listener: () => void) => {
        arrivals.add(listener);
        return () => arrivals.delete(listener);
      },
    },
  } as unknown as Side;
}

const arrivals = new Set<() => void>();

function line(b: readonly number[]): Timeline {
  const positions = b.length;
  return {
    positions,
    times: Float64Array.from(b, (_, p) => p),
    duration: positions,
    a: Int32Array.from(b, (_, p) => p),
    b: Int32Array.from(b),
  };
}

const settings = { ...DEFAULTS, over: 'video' } as const;
const shuffled = line([3, 0, 4, 1, 2]);

describe('seek hints', () => {
  it('follow the sequential side of a shuffled copy', () => {
    const state = { a: side(1, 5), b: null, timeline: shuffled, settings };
    expect([...seekHintsAt(state, 2, true, 100)]).toEqual([
      [1, { follow: [2], playing: true, jumps: true, latencyBudget: 0.15, bytes: 100 }],
    ]);
  });
  it('follow both sides of a copy with a repeated frame', () => {
    const repeated = line([0, 0, 0, 1, 2]);
    const [hint] = seekHintsAt(
      { a: side(1, 5), b: null, timeline: repeated, settings },
      3,
      false,
      100,
    ).values();
    expect(hint).toMatchObject({ follow: [3, 1], jumps: false });
  });
  it('share the memory between two videos', () => {
    const state = { a: side(1, 5), b: side(2, 5), timeline: line([0, 1, 2, 2, 3]), settings };
    expect([...seekHintsAt(state, 4, true, 100)]).toEqual([
      [1, { follow: [4], playing: true, jumps: false, latencyBudget: 0.15, bytes: 50 }],
      [2, { follow: [3], playing: true, jumps: false, latencyBudget: 0.15, bytes: 50 }],
    ]);
  });
  it('wait for the proxy frames, and skip exact stores and sampled timelines', () => {
    const count = (a: Side, over: 'video' | 'sampled' = 'video') =>
      seekHintsAt({ a, b: null, timeline: shuffled, settings: { ...settings, over } }, 0, true, 100).size;
    expect(count(side(1, 5))).toBe(1);
    expect(count(side(1, 5, { ready: 4, exact: false }))).toBe(0);
    expect(count(side(1, 5, { ready: 5, exact: true }))).toBe(0);
    expect(count(side(1, 5), 'sampled')).toBe(0);
  });
});

describe('prefetched frames', () => {
  const state = (change: object) => ({
    a: side(1, 5),
    b: null,
    timeline: line([2, -1, 0, 2]),
    settings: { ...settings, over: 'sampled' as const },
    ...change,
  });
  it('are the sampled frames, each once, where they fit', () => {
    expect(framesToPrefetch(state({}))).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(framesToPrefetch(state({ settings }))).toEqual([]);
    const large = side(1, 5);
    Object.assign(large.video, { facts: { width: 7680, height: 4320 } });
    expect(framesToPrefetch(state({ a: large }))).toEqual([]);
    expect(framesToPrefetch(state({ a: side(1, 5, { ready: 0, exact: false }) }))).toEqual([]);
  });
});

describe('the sender', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('prefetches in a pause, one frame after another, until the clock runs', async () => {
    const store = createStore<CompareState>(
      () =>
        ({
          a: side(1, 3),
          b: null,
          timeline: line([2, 0, 1]),
          settings: { ...settings, over: 'sampled' },
        }) as unknown as CompareState,
    );
    const clock = { store: createStore<ClockState>(() => ({ position: 0, playing: false }) as ClockState) };
    const prefetched: { frame: number; signal: AbortSignal; done: () => void }[] = [];
    const frameImages = {
      busy: false,
      capacity: 100_000_000,
      prefetch: (_id: number, frame: number, signal: AbortSignal) =>
        new Promise<void>((done) => prefetched.push({ frame, signal, done })),
    };
    const media = { setSeekHint: () => {} };
    const stop = createSeekHints({ media, clock: clock as never, store, bytes: 100, frameImages }).start();
    vi.advanceTimersByTime(400);
    prefetched[0]?.done();
    await vi.advanceTimersByTimeAsync(0);
    expect(prefetched.map(({ frame }) => frame)).toEqual([0, 1]);
    clock.store.setState({ position: 1, playing: true });
    expect(prefetched[1]?.signal.aborted).toBe(true);
    stop();
  });

  it('sends every 200 ms while the clock runs, after 400 ms of pause, and nothing once stopped', () => {
    const fill = { ready: 4, exact: false };
    const store = createStore<CompareState>(
      () => ({ a: side(1, 5, fill), b: null, timeline: shuffled, settings }) as unknown as CompareState,
    );
    const clock = { store: createStore<ClockState>(() => ({ position: 0, playing: false }) as ClockState) };
    const sent: [number, SeekHint | null][] = [];
    const media = { setSeekHint: (id: number, hint: SeekHint | null) => void sent.push([id, hint]) };
    const stop = createSeekHints({ media, clock: clock as never, store, bytes: 100 }).start();
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([]);
    // The last proxy frame is decoded.
    fill.ready = 5;
    for (const arrived of arrivals) arrived();
    vi.advanceTimersByTime(399);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(sent).toEqual([
      [1, { follow: [0], playing: false, jumps: true, latencyBudget: 0.15, bytes: 100 }],
    ]);
    sent.length = 0;
    for (let position = 1; position <= 4; position++) {
      clock.store.setState({ position, playing: true });
      vi.advanceTimersByTime(100);
    }
    // At the last position both sides count as sequential.
    expect(sent.map(([, hint]) => hint?.follow)).toEqual([[2], [4, 2]]);
    stop();
    expect(sent.at(-1)).toEqual([1, null]);
    expect(arrivals.size).toBe(0);
    sent.length = 0;
    clock.store.setState({ position: 0 });
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual([]);
  });
});
