/**
 * Input profiles: number of frames, sampling rule, pixels of each branch, prompt, and the closed-form weights that
 * replace the repeat and pooling of SlowFast. One model class runs every profile. Held to the official code by
 * golden/rules/frames.json and golden/tiny: change only with it.
 */

export type PromptId = 'official-train' | 'official-test' | 'small';

/** Rule that samples N frames of a video: the released code's uniform one, or the golden-ratio sequence (`frame-sampling.ts`). */
export type SamplingRule = 'uniform' | 'goldenRatio';

/**
 * Pixels of a frame, size × size: the whole frame squashed, or a grid of native-resolution blocks of
 * `cell` × `cell` pixels, one from the centre of each grid cell.
 */
export type PixelRule =
  | { readonly pixels: 'squash' }
  | { readonly pixels: 'fragments'; readonly cell: number };

/** Frames of the motion branch: the N sampled ones (`same`), or each with its successor, 2N in all (`successors`). */
export type MotionFrames = 'same' | 'successors';

export interface TokenIds {
  /** `<img>` */
  readonly imageStart: number;
  /** `</img>` */
  readonly imageEnd: number;
  /** `<IMG_CONTEXT>` */
  readonly context: number;
}

export interface PoolTime {
  /** One weight a slow frame, sums to 1. */
  readonly slow: readonly number[];
  /** One weight a fast frame (all T), sums to 1. */
  readonly fast: readonly number[];
}

type Triple = readonly [number, number, number];

export interface Profile {
  readonly name: string;
  /** N, frames that the vision branch sees. */
  readonly frames: number;
  /** S, side of the square model input in pixels. */
  readonly size: number;
  readonly sampling: SamplingRule;
  readonly vision: PixelRule;
  readonly motion: PixelRule & { readonly frames: MotionFrames };
  /** Positions of the slow pathway's frames among the T frames of the motion branch. */
  readonly slowIndices: readonly number[];
  readonly poolTime: PoolTime;
  /** Weight of a row or column of the last feature map, [ceil(S / 32)], sums to 1; used for both axes. */
  readonly poolSpace: readonly number[];
  /** Language-model tokens a frame takes; the motion branch takes one more for the whole video. */
  readonly tokensPerFrame: number;
  /** RGB mean and standard deviation of pixels in [0, 1]. */
  readonly mean: Triple;
  readonly std: Triple;
  readonly prompt: PromptId;
  /** SHA-256 of the whole conversation, image placeholders unexpanded, UTF-8, lower-case hex. */
  readonly promptSha256: string;
  readonly tokenIds: TokenIds;
}

export const imagenetMean: Triple = [0.485, 0.456, 0.406];
export const imagenetStd: Triple = [0.229, 0.224, 0.225];

/** Ids of the released tokenizer (InternVL3). */
const officialTokenIds: TokenIds = { imageStart: 151665, imageEnd: 151666, context: 151667 };

/** Conversations of the released code, placeholders unexpanded. */
export const officialPromptSha256 = {
  'official-train': '931af393edebf1a2d275b78eff8c04aabc41c10b76f04d9131e543155aef79c0',
  'official-test': 'c2be428a551b4e81bdedc57684e85e7333b795f38cf1105ccdeffb335ea4d068',
} as const;

/** T, the frames that the motion branch sees. */
export function motionFrames(profile: Pick<Profile, 'frames' | 'motion'>): number {
  return profile.motion.frames === 'successors' ? 2 * profile.frames : profile.frames;
}

/**
 * Slow pathway among T frames: floor(i(T−1)/(n−1)), [0] for n = 1, [] for n = 0. The official code takes a float32
 * linspace, which is equal for n = ceil(T/4) below T = 115; here the quotient is exact for every T.
 *
 * @param n defaults to ceil(T/4), the only count with which the lateral connections (stride 4) fit
 */
export function slowIndices(T: number, n: number = Math.ceil(T / 4)): number[] {
  if (n <= 1) return n === 1 ? [0] : [];
  return Array.from({ length: n }, (_, i) => Math.floor((i * (T - 1)) / (n - 1)));
}

/** Repeats of each frame in the released code before its fixed pooling windows of 8 and 32 positions, by T. */
const officialRepeat: Readonly<Record<number, number>> = { 6: 6, 12: 4 };

/** Repeat in time for T frames of which n are slow: the released values, else the least that fills both windows. */
function timeRepeat(T: number, n: number): number {
  return officialRepeat[T] ?? Math.max(Math.ceil(8 / n), Math.ceil(32 / T));
}

/** Windows of stride 1 and width `window` that cover position x of an axis of `length` positions. */
function coverage(x: number, length: number, window: number): number {
  return Math.min(x + 1, length - x, window, length - window + 1);
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/** Weight of each of n positions that are repeated and then pooled by sliding windows and a mean. */
function repeatedWeights(n: number, repeat: number, window: number): number[] {
  const length = n * repeat;
  if (length < window)
    throw new RangeError(`${n} frames repeated ${repeat} times do not fill a window of ${window}`);
  return normalised(
    Array.from({ length: n }, (_, position) => {
      let sum = 0;
      for (let copy = 0; copy < repeat; copy++) sum += coverage(position * repeat + copy, length, window);
      return sum;
    }),
  );
}

/**
 * Closed form of "repeat in time, average-pool (8 slow, 32 fast; stride 1), mean": the result is a weighted mean
 * over frames. T = 12: fast [5,13,21,29,34,34,34,34,29,21,13,5]/272, slow [1,2,1]/4.
 */
export function poolTime(
  T: number,
  n: number = Math.ceil(T / 4),
  repeat: number = timeRepeat(T, n),
): PoolTime {
  return { slow: repeatedWeights(n, repeat, 8), fast: repeatedWeights(T, repeat, 32) };
}

/** Closed form of the 7-wide spatial pooling over n = ceil(S/32) rows or columns; a plain mean below 7. */
export function poolSpace(size: number): number[] {
  const n = Math.ceil(size / 32);
  return normalised(Array.from({ length: n }, (_, x) => (n < 7 ? 1 : coverage(x, n, 7))));
}

/** Independent fields of a profile; the others follow from them. */
interface ProfileChoice {
  readonly name: string;
  readonly frames: number;
  readonly size: number;
  /** Side of a ViT patch in pixels; 2 × 2 patches make one token. */
  readonly patch: number;
  readonly sampling: SamplingRule;
  readonly vision: PixelRule;
  readonly motion: PixelRule & { readonly frames: MotionFrames };
  readonly prompt: PromptId;
  readonly promptSha256: string;
  readonly tokenIds: TokenIds;
  readonly mean?: Triple;
  readonly std?: Triple;
}

/** A profile with slow frames, pooling weights and token counts worked out from its choices. */
export function profileOf(choice: ProfileChoice): Profile {
  const { patch, mean = imagenetMean, std = imagenetStd, ...rest } = choice;
  if (rest.size % (2 * patch) !== 0) throw new RangeError(`size ${rest.size} is no multiple of 2 × ${patch}`);
  const T = motionFrames(rest);
  return {
    ...rest,
    slowIndices: slowIndices(T),
    poolTime: poolTime(T),
    poolSpace: poolSpace(rest.size),
    tokensPerFrame: (rest.size / (2 * patch)) ** 2,
    mean,
    std,
  };
}

const squash = { pixels: 'squash' } as const;

export const builtInProfiles = {
  /** Six frames of 448 px, as the released training code sees a video. */
  'train6@448': profileOf({
    name: 'train6@448',
    frames: 6,
    size: 448,
    patch: 14,
    sampling: 'uniform',
    vision: squash,
    motion: { ...squash, frames: 'same' },
    prompt: 'official-train',
    promptSha256: officialPromptSha256['official-train'],
    tokenIds: officialTokenIds,
  }),
  /** Twelve frames of 560 px, as the released test code sees a video. */
  'test12@560': profileOf({
    name: 'test12@560',
    frames: 12,
    size: 560,
    patch: 14,
    sampling: 'uniform',
    vision: squash,
    motion: { ...squash, frames: 'same' },
    prompt: 'official-test',
    promptSha256: officialPromptSha256['official-test'],
    tokenIds: officialTokenIds,
  }),
} as const satisfies Readonly<Record<string, Profile>>;
