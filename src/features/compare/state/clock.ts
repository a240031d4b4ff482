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

type Controls = ReturnType<typeof playbackControls>;

/** Distance in seconds from the end of a position at which a time still belongs to it. */
const EPSILON = 1e-6;

export class Clock {
  readonly store = createStore<ClockState>(() => ({
    position: 0,
    playing: false,
    rate: 1,
    loop: 'off',
    waiting: false,
  }));
  readonly seek: Controls['seek'];
  readonly scrub: Controls['scrub'];
  readonly stepSeconds: Controls['stepSeconds'];
  readonly shift: Controls['shift'];
  readonly setRate: Controls['setRate'];
  private readonly now: () => number;
  private readonly schedule: (tick: () => void) => () => void;
  private readonly ready: (position: number) => boolean;
  private span: Span = { times: new Float64Array(1), duration: 0 };
  /** Media time in seconds at a time of `now`. */
  private base = { at: 0, time: 0 };
  /** Direction of ping-pong, −1 on the way back. */
  private turn: 1 | -1 = 1;
  private cancel = () => {};

  constructor(options: ClockOptions = {}) {
    this.now = options.now ?? (() => performance.now());
    this.schedule = options.schedule ?? onScreen;
    this.ready = options.ready ?? (() => true);
    const controls = playbackControls({
      rates: RATES,
      times: () => this.span.times,
      state: this.store.getState,
      show: (position) => this.show(position),
      play: (rate) => this.play(rate),
      pause: this.pause,
      setRate: (rate) => this.store.setState({ rate }),
    });
    this.seek = controls.seek;
    this.scrub = controls.scrub;
    this.stepSeconds = controls.stepSeconds;
    this.shift = controls.shift;
    this.setRate = controls.setRate;
  }

  /** Replaces the positions; keeps the current time unless a position is given. */
  setSpan = (next: Span, position?: number): void => {
    const time = this.start(this.state.position);
    this.span = next;
    this.show(position ?? frameAt(next.times, time + 1e-9));
    if (this.state.playing) this.hold(this.start(this.state.position));
  };

  step = (positions: number): void => {
    const { playing } = this.state;
    this.pause();
    const { position, loop } = this.state;
    const to = position + positions;
    const wraps = loop !== 'off' && !playing && (to < 0 || to > this.last);
    this.show(wraps ? (to < 0 ? this.last : 0) : to);
  };

  toggle = (): void => {
    if (this.state.playing) this.pause();
    else this.play(this.state.rate);
  };

  pause = (): void => {
    this.cancel();
    this.cancel = () => {};
    if (this.state.playing) this.store.setState({ playing: false, waiting: false });
  };

  setLoop = (loop: Loop): void => {
    this.turn = 1;
    if (this.state.playing) this.hold(this.start(this.state.position));
    this.store.setState({ loop });
  };

  dispose = (): void => this.pause();

  private get state(): ClockState {
    return this.store.getState();
  }

  private get last(): number {
    return this.span.times.length - 1;
  }

  private start(position: number): number {
    return this.span.times[position] ?? 0;
  }

  private end(position: number): number {
    return this.span.times[position + 1] ?? this.span.duration;
  }

  private hold(time: number): void {
    this.base = { at: this.now(), time };
  }

  private show(position: number): void {
    const to = Math.min(this.last, Math.max(0, Math.round(position)));
    if (to !== this.state.position) this.store.setState({ position: to });
    this.hold(this.start(to));
  }

  private play(rate: number): void {
    this.cancel();
    this.turn = 1;
    const { position, loop } = this.state;
    const atEnd = rate > 0 ? position >= this.last : position <= 0;
    if (atEnd && loop === 'off' && this.last > 0) this.show(rate > 0 ? 0 : this.last);
    // Backwards a position begins at its end.
    const from = this.state.position;
    this.hold(rate > 0 ? this.start(from) : Math.max(0, this.end(from) - EPSILON));
    this.store.setState({ playing: true, rate });
    this.cancel = this.schedule(this.tick);
  }

  private readonly tick = (): void => {
    if (!this.state.playing) return;
    const time = this.advance();
    if (time === null) {
      this.show(this.state.rate * this.turn < 0 ? 0 : this.last);
      this.pause();
      return;
    }
    this.reach(frameAt(this.span.times, time), time);
    this.cancel = this.schedule(this.tick);
  };

  /** Goes on to a position, or waits for its frames with the time frozen at the first missing one. */
  private reach(position: number, time: number): void {
    const { position: before, waiting } = this.state;
    if (position === before) {
      if (waiting && this.ready(position)) this.store.setState({ waiting: false });
    } else if (this.ready(position)) this.store.setState({ position, waiting: false });
    else {
      this.hold(waiting ? this.base.time : time);
      if (!waiting) this.store.setState({ waiting: true });
    }
  }

  /** Current media time, wrapped by the loop; null at the end without a loop. */
  private advance(): number | null {
    const { rate, loop } = this.state;
    const { duration } = this.span;
    const time = this.base.time + (rate * this.turn * (this.now() - this.base.at)) / 1000;
    if (time >= 0 && time < duration) return time;
    if (loop === 'off') return null;
    const past = time < 0 ? -time : time - duration;
    const over = Math.min(past, Math.max(0, duration - EPSILON));
    if (loop === 'pingpong') this.turn = this.turn === 1 ? -1 : 1;
    const fromEnd = loop === 'pingpong' ? time >= duration : time < 0;
    const next = fromEnd ? Math.max(0, duration - over - EPSILON) : over;
    this.hold(next);
    return next;
  }
}

export const createClock = (options: ClockOptions = {}): Clock => new Clock(options);
