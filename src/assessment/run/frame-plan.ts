/** The frames of one assessment, and the pixels that the model takes of each. */

import { samplePlan } from '../../../core/sampling/frame-sampling.ts';
import type { Profile } from '../../../core/sampling/profiles.ts';
import type { PixelRule } from '../../../workers/media/api.ts';

/** Source frame of each model input; null is a frame of zeros. */
export interface FramePlan {
  /** N frames of the vision branch, in prompt order. */
  readonly vision: readonly (number | null)[];
  /** Frames of the motion branch in time order: N, or 2N for pairs. */
  readonly motion: readonly (number | null)[];
}

/** A run of source frames: `from`, `from + 1` … `from + frames - 1`. */
export interface FrameRange {
  readonly from: number;
  readonly frames: number;
}

/** The profile's own frames of a range, numbered as in the whole video. */
export function sampledPlan(profile: Profile, { from, frames }: FrameRange) {
  const { vision, motion } = samplePlan(profile, frames);
  const shifted = (indices: readonly number[]) => indices.map((index) => index + from);
  return { vision: shifted(vision), motion: shifted(motion) };
}

/** Distinct source frames of a plan, ascending. */
export function framesOf({ vision, motion }: FramePlan): number[] {
  return [...new Set([...vision, ...motion].filter((index) => index !== null))].sort((a, b) => a - b);
}

/** The distinct pixel rules of a profile, and the index of each branch's rule among them. */
export function pixelRules(profile: Profile): { rules: PixelRule[]; vision: number; motion: number } {
  const same =
    profile.vision.pixels === profile.motion.pixels &&
    (profile.vision.pixels === 'squash' ||
      (profile.motion.pixels === 'fragments' && profile.vision.cell === profile.motion.cell));
  const bare = (rule: PixelRule): PixelRule =>
    rule.pixels === 'squash' ? { pixels: 'squash' } : { pixels: 'fragments', cell: rule.cell };
  const vision = bare(profile.vision);
  return same
    ? { rules: [vision], vision: 0, motion: 0 }
    : { rules: [vision, bare(profile.motion)], vision: 0, motion: 1 };
}
