/** Schema of a profile in a checkpoint's config.json and a package's manifest. Ours. */
import { z } from 'zod';
import { readAs } from '../schema.ts';
import { currentProfile } from './earlier-profile.ts';
import { motionFrames, officialPromptSha256, type Profile, poolSpace, poolTime } from './profiles.ts';

/** A count or a side in pixels; the bound keeps a hostile profile from allocating much. */
const count = z.int().positive().max(8192);
const index = z.int().nonnegative();
const triple = z.tuple([z.number(), z.number(), z.number()]);
const positiveTriple = z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]);

/** 64 lower-case hex digits. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** Weights of a mean: none negative, sum 1 within 1e-6 (float32 values written by other programs still pass). */
const weights = z
  .array(z.number().nonnegative())
  .min(1)
  .refine((w) => Math.abs(w.reduce((a, b) => a + b, 0) - 1) < 1e-6, 'must sum to 1');

const cell = count.refine((n) => n % 2 === 0, 'must be even');
const vision = z.discriminatedUnion('pixels', [
  z.strictObject({ pixels: z.literal('squash') }),
  z.strictObject({ pixels: z.literal('fragments'), cell }),
]);
const frames = z.enum(['same', 'successors']);
const motion = z.discriminatedUnion('pixels', [
  z.strictObject({ pixels: z.literal('squash'), frames }),
  z.strictObject({ pixels: z.literal('fragments'), cell, frames }),
]);

const profile = z
  .strictObject({
    name: z.string().min(1),
    frames: count,
    size: count,
    sampling: z.enum(['uniform', 'goldenRatio']),
    vision,
    motion,
    slowIndices: z.array(index).min(1),
    poolTime: z.strictObject({ slow: weights, fast: weights }),
    poolSpace: weights,
    tokensPerFrame: count,
    mean: triple,
    std: positiveTriple,
    prompt: z.enum(['official-train', 'official-test', 'small']),
    promptSha256: sha256,
    tokenIds: z.strictObject({ imageStart: index, imageEnd: index, context: index }),
  })
  .superRefine((profile, context) => {
    const fault = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const T = motionFrames(profile);
    const slow = profile.slowIndices;
    if (slow.length !== Math.ceil(T / 4))
      fault(['slowIndices'], `must be ${Math.ceil(T / 4)} for ${T} frames`);
    if (slow.some((s, i) => s >= T || (i > 0 && s < slow[i - 1]!))) {
      fault(['slowIndices'], `must ascend within 0 to ${T - 1}`);
    }
    if (profile.poolTime.slow.length !== slow.length)
      fault(['poolTime', 'slow'], `must have ${slow.length} weights`);
    if (profile.poolTime.fast.length !== T) fault(['poolTime', 'fast'], `must have ${T} weights`);
    const cells = Math.ceil(profile.size / 32);
    if (profile.poolSpace.length !== cells) fault(['poolSpace'], `must have ${cells} weights`);
    for (const branch of ['vision', 'motion'] as const) {
      const rule = profile[branch];
      if (rule.pixels === 'fragments' && profile.size % rule.cell !== 0) {
        fault([branch, 'cell'], `must divide the size ${profile.size}`);
      }
    }
    if (!Number.isInteger(Math.sqrt(profile.tokensPerFrame))) fault(['tokensPerFrame'], 'must be a square');
  });

/** Reads the keys of the first packages and checkpoints as well (`earlier-profile.ts`). */
export const profileSchema: z.ZodType<Profile> = z.preprocess(currentProfile, profile);

/**
 * @param code error code on a fault, parameters `field` and `problem`
 * @param root path of the profile inside the file, e.g. `profile`
 */
export function readProfile(value: unknown, code = 'model/manifest', root = ''): Profile {
  return readAs(profileSchema, value, code, root);
}

/**
 * The `profiles.json` of a conformance checkpoint: constants that a config.json of ours has in
 * `motion_config` and `profiles`. Further keys (notes, sequence lengths) are not read.
 */
const conformanceProfile = z.object({
  frames: count,
  image_size: count,
  tokens_per_frame: count,
  slow_indices: z.array(index).min(1),
  repeat: count,
});
const conformanceFile = z.looseObject({
  token_ids: z.looseObject({ '<img>': index, '</img>': index, '<IMG_CONTEXT>': index }),
  slowfast: z.object({ slow_stem: count, fast_stem: count }),
  normalisation: z.object({ mean: triple, std: positiveTriple }),
});

export interface ConformanceProfiles {
  /** Channels of the two stems; the inner widths are equal to them. */
  readonly stemSlow: number;
  readonly stemFast: number;
  readonly profiles: Readonly<Record<string, Profile>>;
  /** Ids of the special strings; every other byte b of a prompt is the id b. */
  readonly specialIds: Readonly<Record<string, number>>;
}

/**
 * Maps a conformance `profiles.json` to profiles: every key that names an object with frames and slow indices is one.
 * Prompts: `train…` = official train, all others = official test.
 *
 * @throws CodedError `convert/config` with the field
 */
export function readConformanceProfiles(value: unknown): ConformanceProfiles {
  const file = readAs(conformanceFile, value, 'convert/config', 'profiles.json');
  const special = z.record(z.string(), index);
  const ids = readAs(special, file.token_ids, 'convert/config', 'profiles.json.token_ids');
  const profiles: Record<string, Profile> = {};
  for (const [name, entry] of Object.entries(file)) {
    if (typeof entry !== 'object' || entry === null || !('slow_indices' in entry)) continue;
    const given = readAs(conformanceProfile, entry, 'convert/config', `profiles.json.${name}`);
    const prompt = name.startsWith('train') ? 'official-train' : 'official-test';
    profiles[name] = readProfile(
      {
        name,
        frames: given.frames,
        size: given.image_size,
        sampling: 'uniform',
        vision: { pixels: 'squash' },
        motion: { pixels: 'squash', frames: 'same' },
        slowIndices: given.slow_indices,
        poolTime: poolTime(given.frames, given.slow_indices.length, given.repeat),
        poolSpace: poolSpace(given.image_size),
        tokensPerFrame: given.tokens_per_frame,
        mean: file.normalisation.mean,
        std: file.normalisation.std,
        prompt,
        promptSha256: officialPromptSha256[prompt],
        tokenIds: { imageStart: ids['<img>'], imageEnd: ids['</img>'], context: ids['<IMG_CONTEXT>'] },
      },
      'convert/config',
      `profiles.json.${name}`,
    );
  }
  return { stemSlow: file.slowfast.slow_stem, stemFast: file.slowfast.fast_stem, profiles, specialIds: ids };
}
