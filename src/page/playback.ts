/** Controls that every playback clock has: seek, steps, speeds. The clock shows positions, frames of one timeline. */
import { frameAt } from '../../core/sampling/frame-sampling.ts';

export interface PlaybackTarget {
  /** Speeds in ascending order, negative ones backwards. */
  readonly rates: readonly number[];
  /** Presentation time of each position in seconds, ascending, the first 0. */
  times(): ArrayLike<number>;
  state(): { readonly position: number; readonly playing: boolean; readonly rate: number };
  /** Shows a position, clamped to the timeline; what plays goes on from there. */
  show(position: number): void;
  play(rate: number): void;
  pause(): void;
  setRate(rate: number): void;
}

export function playbackControls({ rates, times, state, show, play, pause, setRate }: PlaybackTarget) {
  return {
    /** Shows a position and stops. */
    seek(position: number): void {
      pause();
      show(position);
    },
    /** Shows a position while the pointer drags; what plays goes on from there. */
    scrub: show,
    /** Stops at the position that is so many seconds away, and at least one position away. */
    stepSeconds(seconds: number): void {
      const { position } = state();
      pause();
      const to = frameAt(times(), Math.max(0, (times()[position] ?? 0) + seconds + 1e-6));
      show(to === position ? to + Math.sign(seconds) : to);
    },
    /** Plays at the next speed up or down; from a stop at 1× forwards or backwards. */
    shift(by: 1 | -1): void {
      const { playing, rate } = state();
      play(playing ? (rates[rates.indexOf(rate) + by] ?? rate) : by);
    },
    /** Sets the speed; a clock that does not play takes it over at the next start. */
    setRate(rate: number): void {
      if (state().playing) play(rate);
      else setRate(rate);
    },
    pause,
  };
}
