/** Positions of the clock over simulated time: ends, loops, rates and missing frames. */
import { describe, expect, it } from 'vitest';
import { createClock } from './clock.ts';
import type { Loop } from './settings.ts';

/** Ten positions of 100 ms, drawn every 20 ms. */
function clock(change: { loop?: Loop; ready?: (position: number) => boolean } = {}) {
  let time = 0;
  let next: (() => void) | null = null;
  const made = createClock({
    now: () => time,
    schedule: (tick) => {
      next = tick;
      return () => {
        next = null;
      };
    },
    ...(change.ready && { ready: change.ready }),
  });
  made.setSpan({ times: Float64Array.from({ length: 10 }, (_, i) => i / 10), duration: 1 });
  if (change.loop) made.setLoop(change.loop);
  const state = made.store.getState;
  return {
    ...made,
    state,
    /** Advances time; returns the positions shown on the way, each once. */
    run(ms: number): number[] {
      const seen: number[] = [];
      for (const until = time + ms; time < until; ) {
        time += 20;
        next?.();
        if (seen.at(-1) !== state().position) seen.push(state().position);
      }
      return seen;
    },
  };
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('the clock', () => {
  it('shows every position in turn and stops at the last one', () => {
    const c = clock();
    c.toggle();
    expect(c.run(1200)).toEqual(upTo(10));
    expect(c.state()).toMatchObject({ position: 9, playing: false });
    c.toggle();
    expect(c.run(140)).toEqual([0, 1]);
  });
  it('plays at other speeds and backwards', () => {
    const c = clock();
    c.seek(9);
    c.shift(-1);
    expect(c.run(1200)).toEqual(upTo(10).reverse());
    c.setRate(2);
    c.toggle();
    expect(c.run(300).at(-1)).toBe(6);
    c.shift(1);
    expect(c.state().rate).toBe(4);
    c.shift(1);
    expect(c.state().rate).toBe(4);
  });
  it('begins again in a loop', () => {
    const c = clock({ loop: 'loop' });
    c.toggle();
    expect(c.run(1450)).toEqual([...upTo(10), 0, 1, 2, 3, 4]);
    expect(c.state().playing).toBe(true);
  });
  it('goes to and fro', () => {
    const c = clock({ loop: 'pingpong' });
    c.toggle();
    const seen = c.run(2400);
    expect(seen.slice(0, 23)).toEqual([...upTo(10), 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4]);
  });
  it('waits for a frame and skips none', () => {
    let there = false;
    const c = clock({ ready: (position) => position < 3 || there });
    c.toggle();
    expect(c.run(900)).toEqual([0, 1, 2]);
    expect(c.state()).toMatchObject({ waiting: true, playing: true });
    there = true;
    expect(c.run(250).slice(0, 3)).toEqual([3, 4, 5]);
    expect(c.state().waiting).toBe(false);
  });
  it('steps by positions and seconds, and stays inside', () => {
    const c = clock();
    c.step(-1);
    expect(c.state().position).toBe(0);
    c.step(3);
    c.stepSeconds(0.2);
    expect(c.state().position).toBe(5);
    c.stepSeconds(-9);
    expect(c.state().position).toBe(0);
    c.seek(99);
    expect(c.state().position).toBe(9);
    c.setLoop('loop');
    c.step(1);
    expect(c.state().position).toBe(0);
  });
  it('keeps its time when the positions change', () => {
    const c = clock();
    c.seek(5);
    c.setSpan({ times: Float64Array.from([0, 0.25, 0.5, 0.75]), duration: 1 });
    expect(c.state().position).toBe(2);
  });
});
