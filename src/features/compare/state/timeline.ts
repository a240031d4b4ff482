/**
 * One clock for two sides: at each place in line, which source frame A shows and which B. A place is a frame of the
 * video, or one of the N frames that the model sees.
 */

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

/** Stands for a frame of zeros: it was taken away and nothing put in its place. */
export const NO_FRAME = -1;

export interface Timeline {
  /** Places in line. */
  readonly positions: number;
  /** Second at which each place begins, ascending, the first 0; [places]. */
  readonly times: Float64Array;
  readonly duration: number;
  /** Source frame of each side at each place, or `NO_FRAME`; [places]. */
  readonly a: Int32Array;
  readonly b: Int32Array;
}

/** The parts of an opened video that matter here. */
export interface Clip {
  /** Presentation time of each frame in seconds, [L]. */
  readonly times: Float64Array;
  readonly duration: number;
}

export type SampleProfile = Pick<Profile, 'sampling' | 'frames' | 'motion'>;

export interface PerturbationSettings {
  readonly mode: PerturbMode;
  readonly over: 'sampled' | 'video';
  /** s in frames of the video, or in places of the sampled frames; null takes the method's own. */
  readonly strength: number | null;
  readonly seed: number;
}

/** Largest strength that leaves something to see: three times it is at most all there is. */
export function strongest(over: PerturbationSettings['over'], L: number, N: number): number {
  return Math.max(1, Math.floor((over === 'video' ? L : N) / 3));
}

/** s that the method takes by itself: L/N frames of the whole video, one place of the sampled frames. */
export function usualStrength(over: PerturbationSettings['over'], L: number, N: number): number {
  return over === 'video' ? perturbScale(L, N) : 1;
}

export interface DrawnPerturbation {
  readonly drawn: Perturbation | Unperturbable;
  /** The model's frames are the same as before: the damage falls between them. */
  readonly unseen: boolean;
  readonly strength: number;
}

/**
 * Draws a damaged copy. Over the whole video it is drawn again until the model's frames change; where they never do,
 * the copy is shown all the same and `unseen` says so.
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

const clamp = (x: number, low: number, high: number): number => Math.max(low, Math.min(x, high));

/** B's places moved by so many; the first and the last one are held. */
function shifted(frames: ArrayLike<number>, offset: number, positions: number): Int32Array {
  return Int32Array.from(
    { length: positions },
    (_, p) => frames[clamp(p + offset, 0, frames.length - 1)] ?? NO_FRAME,
  );
}

const shown = (frames: readonly (number | null)[]): number[] => frames.map((frame) => frame ?? NO_FRAME);

/** The whole video beside its damaged copy; a copy with fewer frames holds its last one. */
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

/** The frames that the model sees beside the damaged ones, each for an equal part of the clip's time. */
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

/** Two videos: the one with more frames a second sets the places, the other shows what it shows at that time. */
export function pairTimeline(a: Clip, b: Clip, offset: number): Timeline {
  const rate = (clip: Clip) => clip.times.length / Math.max(clip.duration, 1e-9);
  const lead = rate(b) > rate(a) * 1.001 ? b : a;
  const duration = Math.max(a.duration, b.duration);
  const step = lead.duration / lead.times.length;
  // The longer one goes on alone: places go on at the leader's pace.
  const times = [...lead.times];
  for (let time = lead.duration; time < duration - step / 2; time += step) times.push(time);
  // A hair later than the place begins, so that equal times written differently agree.
  const at = (clip: Clip) => Int32Array.from(times, (time) => frameAt(clip.times, time + step * 0.01));
  return {
    positions: times.length,
    times: Float64Array.from(times),
    duration,
    a: at(a),
    b: shifted(at(b), offset, times.length),
  };
}

/** What a damaged order does to its video, counted. */
export interface OrderFacts {
  readonly displaced: number;
  /** Places that show a frame that was shown before. */
  readonly repeated: number;
  /** Source frames that are never shown. */
  readonly missing: number;
  /** Mean distance in frames from one shown frame to the next; 1 for an undamaged video. */
  readonly meanJump: number;
}

/**
 * @param order source of each place, null for a frame of zeros
 * @param sources how many source frames there are
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

/** The order of a damage as positions: over N places, or over L frames. */
export function orderOf(perturbation: Perturbation, sampled: readonly number[]): (number | null)[] {
  if (perturbation.over === 'video') return [...perturbation.order];
  // Fewer may be left than N; the last one is held.
  return perturbation.vision.map((frame, k) =>
    frame === null
      ? null
      : (perturbation.order[Math.min(k, perturbation.order.length - 1)] ?? sampled.indexOf(frame)),
  );
}
