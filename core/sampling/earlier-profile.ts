/** Profiles of the first packages and checkpoints, with the keys of today. No schema library is loaded. Ours. */
import type { MotionFrames, SamplingRule } from './profiles.ts';

const SAMPLING: Readonly<Record<string, SamplingRule>> = { official: 'uniform', golden: 'goldenRatio' };
const MOTION_FRAMES: Readonly<Record<string, MotionFrames>> = { same: 'same', pairs: 'successors' };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value under `old` moved to `key`; an object that has the new key or lacks the old one is left as it is. */
function renamed(
  value: unknown,
  old: string,
  key: string,
  values: Readonly<Record<string, string>>,
): unknown {
  if (!isObject(value) || key in value || !(old in value)) return value;
  const { [old]: former, ...rest } = value;
  return {
    ...rest,
    [key]: typeof former === 'string' && Object.hasOwn(values, former) ? values[former] : former,
  };
}

/** `places: "official" | "golden"` as `sampling`, `motion.take: "same" | "pairs"` as `motion.frames`. */
export function currentProfile(value: unknown): unknown {
  if (!isObject(value)) return value;
  const read = renamed(value, 'places', 'sampling', SAMPLING) as Record<string, unknown>;
  const motion = renamed(read.motion, 'take', 'frames', MOTION_FRAMES);
  return motion === read.motion ? read : { ...read, motion };
}
