/**
 * Sampling rules: the source frames that the vision and the motion branch see. L = packets of the stream; frames are
 * numbered from 0 in presentation order. Held to the official code by golden/rules/frames.json: change only with it.
 */
import { CodedError } from '../errors.ts';
import { type MotionFrames, motionFrames, type Profile, type SamplingRule } from './profiles.ts';

/** Nearest integer, exact halves to the even one (Python's and numpy's `round`). */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Python's `round`, which refuses NaN and infinities. */
function roundOrRefuse(x: number): number {
  if (Number.isNaN(x)) throw new CodedError('media/rate', { rate: 'NaN', python: 'ValueError' });
  if (!Number.isFinite(x)) throw new CodedError('media/rate', { rate: String(x), python: 'OverflowError' });
  return roundHalfEven(x);
}

/** Index of the last time that is not after `time`, so of the frame on screen; 0 for times before the first. */
export function frameAt(times: ArrayLike<number>, time: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle]! <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

interface Bound {
  /** Frames a second; enters only through the bound. */
  readonly fps: number;
  /** Part of the video in seconds, or null for all of it (the released code puts ±100,000 s). */
  readonly seconds: readonly [number, number] | null;
}

/**
 * Index rule of the released code: seg = (end − start)/N, index_k = trunc(start + seg/2 + roundHalfEven(seg·k)), in
 * doubles and in this order of operations.
 *
 * @throws CodedError `media/rate` for a frame rate that is no finite number (`python`: what the released code raises)
 */
export function uniformIndices(L: number, N: number, bound: Bound = { fps: 30, seconds: null }): number[] {
  const [from, to] = bound.seconds ?? [-100000, 100000];
  const start = Math.max(0, roundOrRefuse(from * bound.fps));
  const end = Math.min(roundOrRefuse(to * bound.fps), L - 1);
  const segment = (end - start) / N;
  return Array.from(
    { length: N },
    (_, k) => Math.trunc(start + segment / 2 + roundHalfEven(segment * k)) + 0, // + 0: no minus zero
  );
}

/**
 * Golden-ratio rule: index = min(floor(p·L), L−1), p = (k + frac(0.5 + 0.618034 k))/N. Equidistant indices alias with
 * frames that were dropped or repeated regularly; these do not.
 */
export function goldenRatioIndices(L: number, N: number): number[] {
  return Array.from({ length: N }, (_, k) => {
    const p = (k + ((0.5 + 0.618034 * k) % 1)) / N;
    return Math.min(Math.floor(p * L), L - 1);
  });
}

/**
 * N frame numbers in ascending order, [N]; they repeat where L < N.
 *
 * @throws CodedError `media/no-frames` when L < 1
 */
export function sampledIndices(rule: SamplingRule, L: number, N: number): number[] {
  if (!(L >= 1)) throw new CodedError('media/no-frames', {});
  return rule === 'goldenRatio' ? goldenRatioIndices(L, N) : uniformIndices(L, N);
}

/** Frames of the motion branch for sampled ones: the same, or each with its successor min(i + 1, L − 1). */
export function motionIndices(frames: MotionFrames, sampled: readonly number[], L: number): number[] {
  return frames === 'same' ? [...sampled] : sampled.flatMap((i) => [i, Math.min(i + 1, L - 1)]);
}

interface SamplePlan {
  /** [N], prompt order. */
  readonly vision: readonly number[];
  /** [T], time order. */
  readonly motion: readonly number[];
}

/** Source frames that a profile needs. */
export function samplePlan(profile: Pick<Profile, 'sampling' | 'frames' | 'motion'>, L: number): SamplePlan {
  const vision = sampledIndices(profile.sampling, L, profile.frames);
  const motion = motionIndices(profile.motion.frames, vision, L);
  if (motion.length !== motionFrames(profile)) throw new RangeError('the plan does not fit the profile');
  return { vision, motion };
}
