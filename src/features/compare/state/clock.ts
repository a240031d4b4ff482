/**
 * The clock of the Compare page. It counts places in line; both sides look at the same place. Time runs only while the
 * frames are there: a place that is not ready is waited for, not skipped.
 */
import { createStore } from 'zustand/vanilla';
import { frameAt } from '../../../../core/sampling/frame-sampling.ts';
import type { Loop } from './settings.ts';

/** Speeds, slowest backwards to fastest on. */
export const RATES = [-4, -2, -1, -0.5, 0.25, 0.5, 1, 1.5, 2, 4] as const;

export interface ClockState {
  readonly position: number;
  readonly playing: boolean;
  readonly rate: number;
  readonly loop: Loop;
  /** It plays, but the frames of the next place are not there yet. */
  readonly waiting: boolean;
}

/** Times of the places in seconds, the first 0, and the end of the last one. */
export interface Span {
  readonly times: Float64Array;
  readonly duration: number;
}

export interface ClockOptions {
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  /** Calls back before the next picture is drawn; returns a way to take it back. */
  readonly schedule?: (tick: () => void) => () => void;
  /** Whether both sides have their frames of a place. */
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
  /** Where the clock stood when it was last looked at. */
  let base = { at: 0, time: 0 };
  /** −1 on the way back of ping-pong. */
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

  /** Time at which the clock is now, taken over the end by the loop. Null when it has come to a stop there. */
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
        // Time stands where it had come to when the frame was first missed.
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
    // Backwards a place begins at its end.
    hold(rate > 0 ? start(get().position) : Math.max(0, end(get().position) - 1e-6));
    set({ playing: true, rate });
    cancel = schedule(tick);
  }

  return {
    store,
    /** Other places; the clock stays at the same time, or where it is told to go. */
    setSpan(next: Span, position?: number): void {
      const time = start(get().position);
      span = next;
      show(position ?? frameAt(next.times, time + 1e-9));
      if (get().playing) hold(start(get().position));
    },
    /** Shows a place and stops. */
    seek(position: number): void {
      pause();
      show(position);
    },
    /** Shows a place; what was playing goes on from there. */
    scrub: show,
    step(positions: number): void {
      const playing = get().playing;
      pause();
      const { position, loop } = get();
      const to = position + positions;
      const wraps = loop !== 'off' && !playing && (to < 0 || to > last());
      show(wraps ? (to < 0 ? last() : 0) : to);
    },
    stepSeconds(seconds: number): void {
      pause();
      const to = frameAt(span.times, Math.max(0, start(get().position) + seconds + 1e-6));
      // A place longer than a second is left all the same.
      show(to === get().position ? to + Math.sign(seconds) : to);
    },
    toggle(): void {
      if (get().playing) pause();
      else play(get().rate);
    },
    pause,
    /** Next speed up or down the ladder; from standing still one forwards or backwards. */
    shift(by: 1 | -1): void {
      const { playing, rate } = get();
      const at = RATES.indexOf(rate as (typeof RATES)[number]);
      play(playing ? (RATES[at + by] ?? rate) : by);
    },
    setRate(rate: number): void {
      if (get().playing) play(rate);
      else set({ rate });
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
