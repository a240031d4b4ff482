/**
 * Temporal perturbations: six ways to disturb the order of frames and nothing else. A good model prefers the clean
 * video. Drawn over the sampled frames (released code) or over the whole video (paper). Held to the official code by
 * golden/rules/perturb.json: change only with it.
 */
import { clamp } from '../clamp.ts';
import { CodedError } from '../errors.ts';
import { motionIndices, sampledIndices } from './frame-sampling.ts';
import type { Profile } from './profiles.ts';

/** In the order in which the released code draws among them. */
export const perturbModes = [
  'shuffle',
  'local_shuffle',
  'reverse',
  'jitter',
  'duplicate',
  'random_drop',
] as const;
export type PerturbMode = (typeof perturbModes)[number];

/** Source of the random numbers: a seeded generator, or draws written down before. */
export interface Draws {
  choice<T>(options: readonly T[]): T;
  between(a: number, b: number): number;
  permutation(n: number): number[];
  sample(population: readonly number[], k: number): number[];
}

interface OrderRules {
  /** w, frames in a window of the local shuffle. */
  readonly window: number;
  /** Treatment of the frames after the last whole window. */
  readonly remainder: 'permuted' | 'dropped';
  /** Dropped frames are cut out, or stay as frames of zeros after normalisation (null here). */
  readonly drop: 'removed' | 'zeroed';
  /** s: jitter moves by ±s, repeats and drops are {1, 2, 3}·s frames, windows w·s. */
  readonly scale: number;
}

/** Perturbation rules of a mode (paper, official, ours). */
export interface PerturbRules {
  readonly over: 'video' | 'sampled';
  readonly window: number;
  readonly remainder: OrderRules['remainder'];
  readonly drop: OrderRules['drop'];
  /** `sampled`: s = max(1, round(L/N)), because a change of single frames is invisible to N samples. */
  readonly scale: 'frames' | 'sampled';
  /** Draw again until the sampled source indices differ from the clean ones. */
  readonly redraw: boolean;
}

export const perturbRules = {
  paper: { over: 'video', window: 4, remainder: 'dropped', drop: 'removed', scale: 'frames', redraw: false },
  official: {
    over: 'sampled',
    window: 4,
    remainder: 'permuted',
    drop: 'zeroed',
    scale: 'frames',
    redraw: false,
  },
  ours: { over: 'video', window: 4, remainder: 'permuted', drop: 'removed', scale: 'sampled', redraw: true },
} as const satisfies Readonly<Record<string, PerturbRules>>;

/** Largest number of draws; a video that is still unchanged then is `unperturbable`. */
const maxDraws = 32;

/** Released code on T sampled frames. */
const sampledOrder: OrderRules = { window: 4, remainder: 'permuted', drop: 'zeroed', scale: 1 };

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Exceptions of the released code for impossible draws. */
function impossible(mode: PerturbMode, frames: number): CodedError {
  return new CodedError('perturb/too-short', { mode, frames, python: 'ValueError' });
}

/**
 * New order of T frames: position → source frame, null for a frame filled with zeros. Draw order as the released code:
 * shuffle, one permutation; local shuffle, one a window; jitter, T choices of −s, 0, s; duplicate, the frame, the count,
 * the insert position, the positions to delete; random drop, the count, the frames.
 *
 * @throws CodedError `perturb/too-short` where the released code raises ValueError (duplicate at T = 1, a drop of more
 *   frames than there are); with scale above 1 counts are cut to what the video has
 */
export function perturbedOrder(
  mode: PerturbMode,
  T: number,
  draws: Draws,
  rules: OrderRules = sampledOrder,
): (number | null)[] {
  const s = rules.scale;
  switch (mode) {
    case 'shuffle':
      return draws.permutation(T);
    case 'local_shuffle': {
      const window = rules.window * s;
      const order: number[] = [];
      for (let from = 0; from < T; from += window) {
        const length = Math.min(window, T - from);
        if (length < window && rules.remainder === 'dropped') break;
        for (const i of draws.permutation(length)) order.push(from + i);
      }
      return order;
    }
    case 'reverse':
      return range(T).reverse();
    case 'jitter':
      return range(T).map((t) => clamp(t + draws.choice([-s, 0, s]), 0, T - 1));
    case 'duplicate': {
      const frame = draws.between(0, T - 1);
      if (T < 2) throw impossible(mode, T);
      const most = clamp(Math.floor((T - 1) / s), 1, 3);
      const count = Math.min(draws.between(1, most) * s, T - 1);
      const at = draws.between(0, T);
      const longer = [...range(at), ...Array<number>(count).fill(frame), ...range(T).slice(at)];
      const original = range(T + count).filter((p) => p < at || p >= at + count);
      const deleted = new Set(draws.sample(original, count));
      return longer.filter((_, p) => !deleted.has(p));
    }
    case 'random_drop': {
      let count = draws.between(1, 3) * s;
      if (rules.drop === 'removed') count = Math.min(count, T - 1);
      if (count > T || count < 1) throw impossible(mode, T);
      const gone = new Set(draws.sample(range(T), count));
      return rules.drop === 'zeroed'
        ? range(T).map((t) => (gone.has(t) ? null : t))
        : range(T).filter((t) => !gone.has(t));
    }
  }
}

export interface Perturbation {
  readonly kind: 'perturbed';
  readonly mode: PerturbMode;
  /** Position → source over the whole video or over the N sampled positions, as `over` says. */
  readonly over: PerturbRules['over'];
  readonly order: readonly (number | null)[];
  /** Source frames that the vision branch sees, [N]; null = zeros after normalisation. */
  readonly vision: readonly (number | null)[];
  /** Source frames that the motion branch sees, [T]. */
  readonly motion: readonly (number | null)[];
  /** Number of draws. */
  readonly draws: number;
}

/** No draw changed what the model sees: too short a video, or 32 draws without a difference. */
export interface Unperturbable {
  readonly kind: 'unperturbable';
  readonly mode: PerturbMode;
  readonly draws: number;
}

/** s = max(1, round(L/N)), times a strength that the viewer may raise. */
export function perturbScale(L: number, N: number, strength = 1): number {
  return Math.max(1, Math.round((L / N) * strength));
}

/**
 * A perturbed video as the model sees it.
 *
 * @param L frames of the source video
 * @param draws random numbers; `between`, `choice`, `permutation`, `sample` in the order of `perturbedOrder`
 * @param strength multiplies s where the scale is `sampled`
 */
export function perturb(
  profile: Pick<Profile, 'sampling' | 'frames' | 'motion'>,
  L: number,
  mode: PerturbMode,
  draws: Draws,
  rules: PerturbRules = perturbRules.ours,
  strength = 1,
): Perturbation | Unperturbable {
  const { sampling, frames: N } = profile;
  const { frames: motionRule } = profile.motion;
  const clean = sampledIndices(sampling, L, N);
  if (L === 1 && rules.over === 'video') return { kind: 'unperturbable', mode, draws: 0 };
  const scale = rules.scale === 'sampled' ? perturbScale(rules.over === 'video' ? L : N, N, strength) : 1;
  const orderRules: OrderRules = {
    window: rules.window,
    remainder: rules.remainder,
    drop: rules.drop,
    scale,
  };
  const most = rules.redraw && mode !== 'reverse' ? maxDraws : 1;
  for (let draw = 1; draw <= most; draw++) {
    const order = perturbedOrder(mode, rules.over === 'video' ? L : N, draws, orderRules);
    const seen = rules.over === 'video' ? throughVideo(order) : throughSampled(order);
    if (seen !== null && (!rules.redraw || seen.vision.some((source, k) => source !== clean[k]))) {
      return { kind: 'perturbed', mode, over: rules.over, order, ...seen, draws: draw };
    }
  }
  return { kind: 'unperturbable', mode, draws: most };

  /** Frames are sampled from the perturbed video, then mapped to source frames; a successor is that of the perturbed video. */
  function throughVideo(order: readonly (number | null)[]) {
    const length = order.length;
    if (length === 0) return null;
    const at = sampledIndices(sampling, length, N);
    const source = (p: number) => order[p]!;
    return { vision: at.map(source), motion: motionIndices(motionRule, at, length).map(source) };
  }

  /** The N sampled frames are reordered, each with its successor. Where fewer are left, the last one is repeated. */
  function throughSampled(order: readonly (number | null)[]) {
    if (order.length === 0) return null;
    const held = range(N).map((k) => order[Math.min(k, order.length - 1)] ?? null);
    const vision = held.map((k) => (k === null ? null : clean[k]!));
    const both = (i: number | null) => (i === null ? [null, null] : motionIndices('successors', [i], L));
    return { vision, motion: motionRule === 'same' ? vision : vision.flatMap(both) };
  }
}

/** One recorded draw, in the form of the golden files. */
export type WrittenDraw =
  | { readonly fn: 'choice'; readonly options: readonly unknown[]; readonly value: unknown }
  | { readonly fn: 'randint'; readonly a: number; readonly b: number; readonly value: number }
  | { readonly fn: 'randperm'; readonly n: number; readonly value: readonly number[] }
  | {
      readonly fn: 'sample';
      readonly population: readonly number[];
      readonly k: number;
      readonly value: readonly number[];
    };

/**
 * Recorded draws, returned in order. Each is checked against the arguments of the call, so that a changed order of
 * drawing is an error and not other numbers.
 */
export function writtenDraws(written: readonly WrittenDraw[]): Draws & { readonly left: () => number } {
  let next = 0;
  const take = <F extends WrittenDraw['fn']>(fn: F, asked: unknown): Extract<WrittenDraw, { fn: F }> => {
    const draw = written[next++];
    const { fn: _fn, value: _value, ...given } = draw ?? { fn: 'none', value: null };
    if (draw?.fn !== fn || JSON.stringify(given) !== JSON.stringify(asked)) {
      throw new RangeError(
        `draw ${next} is ${JSON.stringify(draw)}, asked for ${fn} ${JSON.stringify(asked)}`,
      );
    }
    return draw as Extract<WrittenDraw, { fn: F }>;
  };
  return {
    choice: <T>(options: readonly T[]) => take('choice', { options }).value as T,
    between: (a, b) => take('randint', { a, b }).value,
    permutation: (n) => [...take('randperm', { n }).value],
    sample: (population, k) => [...take('sample', { population, k }).value],
    left: () => written.length - next,
  };
}
