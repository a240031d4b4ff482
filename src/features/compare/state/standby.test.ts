/** What decoders are told to stand by for. Oracle: written out by hand. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { SeekHint } from '../../../../workers/media/api.ts';
import type { ClockState } from './clock.ts';
import { DEFAULTS } from './settings.ts';
import { createStandby, picturesAhead, standbyWishes } from './standby.ts';
import type { CompareState, Side } from './store.ts';
import type { Timeline } from './timeline.ts';

interface Kept {
  ready: number;
  exact: boolean;
}

function side(id: number, frames: number, kept: Kept = { ready: frames, exact: false }): Side {
  return {
    video: { id, facts: { width: 1920, height: 1080 } },
    frames: {
      plan: { exact: kept.exact },
      get ready() {
        return kept.ready;
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

describe('what is wanted', () => {
  it('of a shuffled copy: one side goes on, the other jumps', () => {
    const state = { a: side(1, 5), b: null, timeline: shuffled, settings };
    expect([...standbyWishes(state, 2, true, 100)]).toEqual([
      [1, { follow: [2], playing: true, jumps: true, latencyBudget: 0.15, bytes: 100 }],
    ]);
  });
  it('of a copy with a repeated frame: both go on, from two frames', () => {
    const repeated = line([0, 0, 0, 1, 2]);
    const [wish] = standbyWishes(
      { a: side(1, 5), b: null, timeline: repeated, settings },
      3,
      false,
      100,
    ).values();
    expect(wish).toMatchObject({ follow: [3, 1], jumps: false });
  });
  it('of two videos: each its own, with half the memory', () => {
    const state = { a: side(1, 5), b: side(2, 5), timeline: line([0, 1, 2, 2, 3]), settings };
    expect([...standbyWishes(state, 4, true, 100)]).toEqual([
      [1, { follow: [4], playing: true, jumps: false, latencyBudget: 0.15, bytes: 50 }],
      [2, { follow: [3], playing: true, jumps: false, latencyBudget: 0.15, bytes: 50 }],
    ]);
  });
  it('nothing while reduced frames are still made, where frames are kept as they are, of a few frames far apart', () => {
    const wished = (a: Side, over: 'video' | 'sampled' = 'video') =>
      standbyWishes({ a, b: null, timeline: shuffled, settings: { ...settings, over } }, 0, true, 100).size;
    expect(wished(side(1, 5))).toBe(1);
    expect(wished(side(1, 5, { ready: 4, exact: false }))).toBe(0);
    expect(wished(side(1, 5, { ready: 5, exact: true }))).toBe(0);
    expect(wished(side(1, 5), 'sampled')).toBe(0);
  });
});

describe('pictures ahead', () => {
  const state = (change: object) => ({
    a: side(1, 5),
    b: null,
    timeline: line([2, -1, 0, 2]),
    settings: { ...settings, over: 'sampled' as const },
    ...change,
  });
  it('are those of the few sampled frames, each once, where they fit', () => {
    expect(picturesAhead(state({}))).toEqual([
      [1, 0],
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(picturesAhead(state({ settings }))).toEqual([]);
    const large = side(1, 5);
    Object.assign(large.video, { facts: { width: 7680, height: 4320 } });
    expect(picturesAhead(state({ a: large }))).toEqual([]);
    expect(picturesAhead(state({ a: side(1, 5, { ready: 0, exact: false }) }))).toEqual([]);
  });
});

describe('when it is told', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('decodes ahead while the clock stands, one after another, and gives way', async () => {
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
    const asked: { frame: number; signal: AbortSignal; done: () => void }[] = [];
    const pictures = {
      busy: false,
      room: 100_000_000,
      ahead: (_id: number, frame: number, signal: AbortSignal) =>
        new Promise<void>((done) => asked.push({ frame, signal, done })),
    };
    const media = { setSeekHint: () => {} };
    const leave = createStandby({ media, clock: clock as never, store, bytes: 100, pictures }).attend();
    vi.advanceTimersByTime(400);
    asked[0]?.done();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.map(({ frame }) => frame)).toEqual([0, 1]);
    clock.store.setState({ position: 1, playing: true });
    expect(asked[1]?.signal.aborted).toBe(true);
    leave();
  });

  it('soon while the clock runs, late when it stands, never again when nobody looks', () => {
    const kept = { ready: 4, exact: false };
    const store = createStore<CompareState>(
      () => ({ a: side(1, 5, kept), b: null, timeline: shuffled, settings }) as unknown as CompareState,
    );
    const clock = { store: createStore<ClockState>(() => ({ position: 0, playing: false }) as ClockState) };
    const told: [number, SeekHint | null][] = [];
    const media = { setSeekHint: (id: number, wish: SeekHint | null) => void told.push([id, wish]) };
    const leave = createStandby({ media, clock: clock as never, store, bytes: 100 }).attend();
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
    // The last reduced frame has come.
    kept.ready = 5;
    for (const arrived of arrivals) arrived();
    vi.advanceTimersByTime(399);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([
      [1, { follow: [0], playing: false, jumps: true, latencyBudget: 0.15, bytes: 100 }],
    ]);
    told.length = 0;
    for (let position = 1; position <= 4; position++) {
      clock.store.setState({ position, playing: true });
      vi.advanceTimersByTime(100);
    }
    // Every 200 ms; at the last place both sides stand.
    expect(told.map(([, wish]) => wish?.follow)).toEqual([[2], [4, 2]]);
    leave();
    expect(told.at(-1)).toEqual([1, null]);
    expect(arrivals.size).toBe(0);
    told.length = 0;
    clock.store.setState({ position: 0 });
    vi.advanceTimersByTime(1000);
    expect(told).toEqual([]);
  });
});
