/**
 * Timeline of two sides: the source frames of A and B at each position. A position is a frame of the video, or one of
 * the N sampled frames.
 */

import { clamp } from '../../../../core/clamp.ts';
import { frameAt } from '../../../../core/sampling/frame-sampling.ts';
import {
  type Perturbation,
  type PerturbMode,
  type PerturbRules,
  perturb,
  perturbRules,
  perturbScale,
  type Unperturbable,
} from '../../../../core/sampling/perturb.ts';
import type { Profile } from '../../../../core/sampling/profiles.ts';
import { seededRandom } from '../../../../core/stats/random.ts';

/** Source index of a removed frame, which the model sees as zeros. */
export const NO_FRAME = -1;

export interface Timeline {
  /** Number of positions. */
  readonly positions: number;
  /** Start of each position in seconds, ascending, the first 0; [positions]. */
  readonly times: Float64Array;
  readonly duration: number;
  /** Source frame of each side at each position, or `NO_FRAME`; [positions]. */
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/** Timing of an opened video. */
export interface Clip {
  /** Presentation time of each frame in seconds, [L]. */
  readonly times: Float64Array;
  readonly duration: number;
}

export type SampleProfile = Pick<Profile, 'sampling' | 'frames' | 'motion'>;

export interface PerturbationSettings {
  readonly mode: PerturbMode;
  readonly over: 'sampled' | 'video';
  /** s in frames of the video or in sampled frames; null: the method's default. */
  readonly strength: number | null;
  readonly seed: number;
}

/** Largest useful strength: three times it is at most the number of frames. */
export function strongest(over: PerturbationSettings['over'], L: number, N: number): number {
  return Math.max(1, Math.floor((over === 'video' ? L : N) / 3));
}

/** Default strength of the method: L/N frames of the whole video, 1 of the sampled frames. */
export function usualStrength(over: PerturbationSettings['over'], L: number, N: number): number {
  return over === 'video' ? perturbScale(L, N) : 1;
}

export interface DrawnPerturbation {
  readonly drawn: Perturbation | Unperturbable;
  /** True when the sampled frames are unchanged: the perturbation falls between them. */
  readonly unseen: boolean;
  readonly strength: number;
}

/**
 * Draws a perturbation. Over the whole video it is redrawn until the sampled frames change; where they never do, the
 * last draw is returned with `unseen`.
 */
export function drawPerturbation(
  profile: SampleProfile,
  L: number,
  perturbation: PerturbationSettings,
): DrawnPerturbation {
  const { mode, over, seed } = perturbation;
  const N = profile.frames;
  const strength = Math.min(perturbation.strength ?? usualStrength(over, L, N), strongest(over, L, N));
  const rules: PerturbRules =
    over === 'video' ? perturbRules.ours : { ...perturbRules.official, scale: 'sampled', redraw: true };
  const relative = over === 'video' ? (strength * N) / L : strength;
  const draw = (rules: PerturbRules) => perturb(profile, L, mode, seededRandom(seed), rules, relative);
  const drawn = draw(rules);
  if (drawn.kind === 'perturbed') return { drawn, unseen: false, strength };
  return { drawn: L === 1 ? drawn : draw({ ...rules, redraw: false }), unseen: true, strength };
}

/** Frames shifted by an offset; the first and last one are held. */
function shifted(frames: ArrayLike<number>, offset: number, positions: number): Int32Array {
  return Int32Array.from(
    { length: positions },
    (_, p) => frames[clamp(p + offset, 0, frames.length - 1)] ?? NO_FRAME,
  );
}

const shown = (frames: readonly (number | null)[]): number[] => frames.map((frame) => frame ?? NO_FRAME);

/** The whole video beside its perturbed copy; a shorter copy holds its last frame. */
export function videoTimeline(clip: Clip, order: readonly (number | null)[], offset: number): Timeline {
  const positions = clip.times.length;
  return {
    positions,
    times: clip.times,
    duration: clip.duration,
    a: Int32Array.from({ length: positions }, (_, p) => p),
    b: shifted(shown(order), offset, positions),
  };
}

/** The sampled frames beside the perturbed ones, each for an equal part of the clip's time. */
export function sampledTimeline(
  clip: Clip,
  sampled: readonly number[],
  perturbed: readonly (number | null)[],
  offset: number,
): Timeline {
  const positions = sampled.length;
  return {
    positions,
    times: Float64Array.from({ length: positions }, (_, p) => (p / positions) * clip.duration),
    duration: clip.duration,
    a: Int32Array.from(sampled),
    b: shifted(shown(perturbed), offset, positions),
  };
}

/** A video beside its perturbed copy, whole or sampled; beside itself where it cannot be perturbed. */
export function perturbedTimeline(
  clip: Clip,
  sampled: readonly number[],
  { drawn }: DrawnPerturbation,
  { over, offset }: Pick<PerturbationSettings, 'over'> & { readonly offset: number },
): Timeline {
  const perturbed = drawn.kind === 'perturbed' ? drawn : null;
  return over === 'video'
    ? videoTimeline(clip, perturbed?.order ?? Array.from(clip.times, (_, i) => i), offset)
    : sampledTimeline(clip, sampled, perturbed?.vision ?? sampled, offset);
}

/** Most positions after the end of the shorter video: 46 hours at 25 a second. */
const MOST_MORE = 1 << 22;

/** Two videos on the positions of the one with the higher frame rate; one without a duration has none. */
export function pairTimeline(a: Clip, b: Clip, offset: number): Timeline {
  const rate = (clip: Clip) => (clip.duration > 0 ? clip.times.length / clip.duration : 0);
  const lead = rate(b) > rate(a) * 1.001 ? b : a;
  const duration = Math.max(a.duration, b.duration);
  const step = lead.duration / lead.times.length;
  // Positions continue to the end of the longer video.
  const times = [...lead.times];
  const rest = duration - lead.duration;
  const stride = Math.max(step, rest / MOST_MORE);
  const more = stride > 0 ? Math.ceil(rest / stride - 0.5) : 0;
  for (let k = 0; k < more; k++) times.push(lead.duration + k * stride);
  // 1 % into the position, against rounding of equal times.
  const at = (clip: Clip) => Int32Array.from(times, (time) => frameAt(clip.times, time + step * 0.01));
  return {
    positions: times.length,
    times: Float64Array.from(times),
    duration,
    a: at(a),
    b: shifted(at(b), offset, times.length),
  };
}

/** Pairs of frames that two videos show at one position, ascending on both sides; [pairs] each. */
export interface ComparedPairs {
  readonly positions: Int32Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/** The positions at which both videos have a frame of their own: held first and last frames are no pairs. */
export function comparedPairs(timeline: Timeline, a: Clip, b: Clip, offset: number): ComparedPairs {
  const { times } = timeline;
  const positions: number[] = [];
  for (let p = 0; p < timeline.positions; p++) {
    const timeB = times[p + offset];
    if (timeB !== undefined && times[p]! < a.duration && timeB < b.duration) positions.push(p);
  }
  return {
    positions: Int32Array.from(positions),
    a: Int32Array.from(positions, (p) => timeline.a[p]!),
    b: Int32Array.from(positions, (p) => timeline.b[p]!),
  };
}

/** Counts of a perturbed order. */
export interface OrderFacts {
  readonly displaced: number;
  /** Positions whose frame was shown before. */
  readonly repeated: number;
  /** Source frames that are not shown. */
  readonly missing: number;
  /** Mean distance in frames between neighbours; 1 for a clean video. */
  readonly meanJump: number;
}

/**
 * @param order source frame of each position, null for a frame of zeros
 * @param sources number of source frames
 */
export function orderFacts(order: readonly (number | null)[], sources: number): OrderFacts {
  const seen = new Set<number>();
  let displaced = 0;
  let repeated = 0;
  let jumps = 0;
  let pairs = 0;
  for (const [position, source] of order.entries()) {
    if (source !== position) displaced++;
    if (source === null) continue;
    if (seen.has(source)) repeated++;
    seen.add(source);
    const before = position > 0 ? order[position - 1] : null;
    if (before !== null && before !== undefined) {
      jumps += Math.abs(source - before);
      pairs++;
    }
  }
  return { displaced, repeated, missing: sources - seen.size, meanJump: pairs === 0 ? 0 : jumps / pairs };
}

/** Source indices of a perturbation: among the N sampled frames, or among all L. */
export function orderOf(perturbation: Perturbation, sampled: readonly number[]): (number | null)[] {
  if (perturbation.over === 'video') return [...perturbation.order];
  // Fewer than N may remain; the last one is held.
  return perturbation.vision.map((frame, k) =>
    frame === null
      ? null
      : (perturbation.order[Math.min(k, perturbation.order.length - 1)] ?? sampled.indexOf(frame)),
  );
}
