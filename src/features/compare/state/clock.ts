/**
 * Clock of the Compare page. It counts timeline positions, shared by both sides. It waits for a position whose frames
 * are not ready and skips none.
 */
import { createStore } from 'zustand/vanilla';
import { frameAt } from '../../../../core/sampling/frame-sampling.ts';
import { playbackControls } from '../../../page/playback.ts';
import type { Loop } from './settings.ts';

/** Playback rates, ascending; negative ones play backwards. */
export const RATES = [-4, -2, -1, -0.5, 0.25, 0.5, 1, 1.5, 2, 4] as const;

export interface ClockState {
  readonly position: number;
  readonly playing: boolean;
  readonly rate: number;
  readonly loop: Loop;
  /** True while it plays and the frames of the next position are not ready. */
  readonly waiting: boolean;
}

/** Times of the positions in seconds, the first 0, and the end of the last one. */
export interface Span {
  readonly times: Float64Array;
  readonly duration: number;
}

export interface ClockOptions {
  /** Monotonic time in milliseconds. */
  readonly now?: () => number;
  /** Calls back before the next repaint; returns a function that cancels. */
  readonly schedule?: (tick: () => void) => () => void;
  /** True when both sides have their frames of a position. */
  readonly ready?: (position: number) => boolean;
}

const onScreen = (tick: () => void) => {
  const id = requestAnimationFrame(tick);
  return () => cancelAnimationFrame(id);
};

export function createClock(options: ClockOptions = {}) {
  const { now = () => performance.now(), schedule = onScreen, ready = () => true } = options;
  const store = createStore<ClockState>(() => ({
    position: 0,
    playing: false,
    rate: 1,
    loop: 'off',
    waiting: false,
  }));
  const get = store.getState;
  const set = (change: Partial<ClockState>) => store.setState(change);
  let span: Span = { times: new Float64Array(1), duration: 0 };
  /** Media time in seconds at a time of `now`. */
  let base = { at: 0, time: 0 };
  /** Direction of ping-pong, −1 on the way back. */
  let turn: 1 | -1 = 1;
  let cancel = () => {};

  const last = () => span.times.length - 1;
  const clamp = (position: number) => Math.min(last(), Math.max(0, Math.round(position)));
  const start = (position: number) => span.times[position] ?? 0;
  const end = (position: number) => span.times[position + 1] ?? span.duration;

  function hold(time: number): void {
    base = { at: now(), time };
  }

  function show(position: number): void {
    const to = clamp(position);
    if (to !== get().position) set({ position: to });
    hold(start(to));
  }

  function pause(): void {
    cancel();
    cancel = () => {};
    if (get().playing) set({ playing: false, waiting: false });
  }

  /** Current media time, wrapped by the loop; null at the end without a loop. */
  function advance(): number | null {
    const { rate, loop } = get();
    const speed = rate * turn;
    const time = base.time + (speed * (now() - base.at)) / 1000;
    if (time >= 0 && time < span.duration) return time;
    if (loop === 'off') return null;
    const past = time < 0 ? -time : time - span.duration;
    const over = Math.min(past, Math.max(0, span.duration - 1e-6));
    if (loop === 'pingpong') turn = turn === 1 ? -1 : 1;
    const fromEnd = loop === 'pingpong' ? time >= span.duration : time < 0;
    const next = fromEnd ? Math.max(0, span.duration - over - 1e-6) : over;
    hold(next);
    return next;
  }

  function tick(): void {
    if (!get().playing) return;
    const time = advance();
    if (time === null) {
      const to = get().rate * turn < 0 ? 0 : last();
      show(to);
      pause();
      return;
    }
    const position = frameAt(span.times, time);
    if (position !== get().position) {
      if (ready(position)) set({ position, waiting: false });
      else {
        // Time is frozen at the first missing frame.
        hold(get().waiting ? base.time : time);
        if (!get().waiting) set({ waiting: true });
      }
    } else if (get().waiting && ready(position)) set({ waiting: false });
    cancel = schedule(tick);
  }

  function play(rate: number): void {
    cancel();
    turn = 1;
    const { position, loop } = get();
    const atEnd = rate > 0 ? position >= last() : position <= 0;
    if (atEnd && loop === 'off' && last() > 0) show(rate > 0 ? 0 : last());
    // Backwards a position begins at its end.
    hold(rate > 0 ? start(get().position) : Math.max(0, end(get().position) - 1e-6));
    set({ playing: true, rate });
    cancel = schedule(tick);
  }

  const controls = playbackControls({
    rates: RATES,
    times: () => span.times,
    state: get,
    show,
    play,
    pause,
    setRate: (rate) => set({ rate }),
  });

  return {
    store,
    /** Replaces the positions; keeps the current time unless a position is given. */
    setSpan(next: Span, position?: number): void {
      const time = start(get().position);
      span = next;
      show(position ?? frameAt(next.times, time + 1e-9));
      if (get().playing) hold(start(get().position));
    },
    ...controls,
    step(positions: number): void {
      const playing = get().playing;
      pause();
      const { position, loop } = get();
      const to = position + positions;
      const wraps = loop !== 'off' && !playing && (to < 0 || to > last());
      show(wraps ? (to < 0 ? last() : 0) : to);
    },
    toggle(): void {
      if (get().playing) pause();
      else play(get().rate);
    },
    setLoop(loop: Loop): void {
      turn = 1;
      if (get().playing) hold(start(get().position));
      set({ loop });
    },
    dispose: pause,
  };
}

export type Clock = ReturnType<typeof createClock>;
