/** Times, length and frame rate of a video from the presentation times of its packets. Pure. */
import type { MediaNotice } from '../../core/text/media-notices.ts';

export interface Timing {
  /** Seconds from the first frame on, ascending, [L]. */
  readonly times: Float64Array;
  readonly duration: number;
  /** Frames a second; 0 = unknown, or a single frame. */
  readonly fps: number;
  readonly notices: readonly MediaNotice[];
}

/** Times that a container states beside those of its packets; in seconds, 0 = not stated. */
export interface StatedTimes {
  /** Time for which the last frame is shown. */
  readonly lastDuration: number;
  /** Length of the track. */
  readonly duration: number;
  /** Packets are stored in another order than their frames are shown in. */
  readonly reordered?: boolean | undefined;
  /** The times of the packets give their order only. */
  readonly untimed?: boolean | undefined;
}

/** Rate at which frames without any times are played. */
const ASSUMED_RATE = 25;

/** A gap of at least so many seconds, and of so many usual gaps, is told: no camera writes one while it records. */
const JUMP = { seconds: 600, usual: 100 } as const;

/** @param times seconds, ascending, the first 0; at least one */
export function timingOf(times: Float64Array, stated: StatedTimes): Timing {
  const frames = times.length;
  const span = times[frames - 1]!;
  if (frames === 1) {
    const notices: MediaNotice[] = [{ code: 'single-frame', params: {} }];
    return { times, duration: stated.lastDuration, fps: 0, notices };
  }
  if (stated.untimed || !(span > 0)) return evenTiming(frames, stated.duration);
  const usual = usualGap(times);
  const isJump = (gap: number) => gap >= JUMP.seconds && gap >= JUMP.usual * usual;
  const notices: MediaNotice[] = [];
  let jumped = 0;
  const gaps = (i: number) => (i < frames ? times[i]! : span + stated.lastDuration) - times[i - 1]!;
  for (let i = 1; i <= frames; i++) {
    const gap = gaps(i);
    if (!isJump(gap)) continue;
    jumped += gap;
    notices.push({ code: 'clock-jump', params: { frame: i, seconds: gap } });
  }
  const last = lastGap(span, stated) || usual;
  // Writers that do not know the end give the last frame a duration of a tick: the rate takes the usual gap.
  const playing = span + Math.max(last, usual) - jumped;
  return { times, duration: span + last, fps: playing > 0 ? frames / playing : 0, notices };
}

/**
 * Time for which the last frame is shown, 0 where nothing tells. Where packets are reordered, their durations are those
 * of decoding, so that the end of the track counts where it comes clearly earlier.
 */
function lastGap(span: number, { lastDuration, duration, reordered }: StatedTimes): number {
  const rest = duration - span;
  return reordered && rest > 0 && rest < 0.9 * lastDuration ? rest : lastDuration;
}

/** Times for frames that all have one time: spread evenly over the stated length. */
export function evenTiming(frames: number, stated: number): Timing {
  const duration = stated > 0 ? stated : frames / ASSUMED_RATE;
  return {
    times: Float64Array.from({ length: frames }, (_, i) => (i / frames) * duration),
    duration,
    fps: stated > 0 ? frames / stated : 0,
    notices: [{ code: 'times-unknown', params: { seconds: Math.max(0, stated) } }],
  };
}

/** Median of the gaps between frames with different times, in seconds. */
function usualGap(times: Float64Array): number {
  const gaps: number[] = [];
  for (let i = 1; i < times.length; i++) if (times[i]! > times[i - 1]!) gaps.push(times[i]! - times[i - 1]!);
  gaps.sort((a, b) => a - b);
  return gaps[(gaps.length - 1) >> 1] ?? 0;
}
