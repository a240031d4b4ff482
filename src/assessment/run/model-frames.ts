/** Frames as the model worker takes them: a cache key and pixels. */

import type { Profile } from '../../../core/sampling/profiles.ts';
import type { PixelRule } from '../../../workers/media/api.ts';
import type { ModelFrame } from '../../../workers/model/api.ts';
import type { DecodedFrames } from './decoded-frames.ts';
import { type FramePlan, pixelRules } from './frame-plan.ts';

/**
 * Key of an embedding. Equal keys mean equal pixels: the file's name, size and date stand for its content, with the
 * frame, pixel rule and input size.
 */
export function frameKey(file: File, index: number, rule: PixelRule, size: number): string {
  const pixels = rule.pixels === 'squash' ? 'squash' : `fragments${rule.cell}`;
  return `${file.name}|${file.size}|${file.lastModified}|${index}|${pixels}|${size}`;
}

/** [size, size, 3] uint8 of the normalisation's mean, which normalises to zeros up to half a step of 1/255. */
function meanColour({ size, mean }: Profile): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(size * size * 3);
  const colour = mean.map((value) => Math.round(value * 255));
  for (let i = 0; i < rgb.length; i++) rgb[i] = colour[i % 3]!;
  return rgb;
}

/** Model inputs of a file's frames under a profile; a frame that is not decoded has its key only. */
export interface ModelFrames {
  /** One input of the vision branch. */
  vision(index: number | null): ModelFrame;
  /** All inputs of a plan. */
  of(plan: FramePlan): { readonly vision: ModelFrame[]; readonly motion: ModelFrame[] };
}

export function modelFrames(file: File, profile: Profile, frames: DecodedFrames): ModelFrames {
  const { rules, vision, motion } = pixelRules(profile);
  const { size, mean } = profile;
  let zeros: ModelFrame | undefined;
  const frameOf = (index: number | null, rule: number): ModelFrame => {
    if (index === null) {
      zeros ??= { key: `zeros|${size}|${mean.join()}`, rgb: meanColour(profile) };
      return zeros;
    }
    const rgb = frames.get(index)?.rgb[rule];
    return { key: frameKey(file, index, rules[rule] as PixelRule, size), ...(rgb && { rgb }) };
  };
  return {
    vision: (index) => frameOf(index, vision),
    of: (plan) => ({
      vision: plan.vision.map((index) => frameOf(index, vision)),
      motion: plan.motion.map((index) => frameOf(index, motion)),
    }),
  };
}
