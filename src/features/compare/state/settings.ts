/**
 * Settings of the Compare page and their form in the address. Of the files a link carries names and checksums only.
 */

import type { RewardMode } from '../../../../core/rewards/reward-rules.ts';
import { type PerturbMode, perturbModes } from '../../../../core/sampling/perturb.ts';

export const VIEWS = ['split', 'side', 'stack', 'overlay', 'difference'] as const;
export type View = (typeof VIEWS)[number];

export const LOOPS = ['off', 'loop', 'pingpong'] as const;
export type Loop = (typeof LOOPS)[number];

export const GAINS = [1, 2, 4, 8, 16, 32] as const;
/** Numbers of answers per side; one is greedy, more are sampled. */
export const ANSWERS = [1, 4, 8, 16] as const;
export const REWARD_MODES = ['paper', 'official', 'ours'] as const satisfies readonly RewardMode[];

export interface CompareSettings {
  readonly view: View;
  /** Position of the split handle, 0 … 1. */
  readonly split: number;
  /** True for a horizontal split line. */
  readonly horizontal: boolean;
  readonly opacity: number;
  readonly gain: number;
  /** The difference of luma alone. */
  readonly luma: boolean;
  readonly swapped: boolean;
  /** Frames by which B is shifted against A. */
  readonly offset: number;
  /** Device pixels per video pixel; null fits the image. */
  readonly zoom: number | null;
  /** Point of the image in the middle of the viewer, in parts of width and height. */
  readonly centre: readonly [number, number];
  readonly loop: Loop;
  readonly rate: number;
  readonly mode: PerturbMode;
  readonly over: 'sampled' | 'video';
  /** s: jitter moves by ±s frames, repeats and drops are 1–3 times s, windows 4·s; null: the method's default. */
  readonly strength: number | null;
  readonly seed: number;
  readonly answers: number;
  readonly rewards: RewardMode;
  /** MOS of A and B, or null. */
  readonly mosA: number | null;
  readonly mosB: number | null;
}

export const DEFAULTS: CompareSettings = {
  view: 'split',
  split: 0.5,
  horizontal: false,
  opacity: 0.5,
  gain: 4,
  luma: false,
  swapped: false,
  offset: 0,
  zoom: null,
  centre: [0.5, 0.5],
  loop: 'off',
  rate: 1,
  mode: 'shuffle',
  over: 'sampled',
  strength: null,
  seed: 7,
  answers: 8,
  rewards: 'ours',
  mosA: null,
  mosB: null,
};

/** File named by a link. */
export interface LinkedFile {
  readonly name: string;
  /** SHA-256, hex; empty in a link that was made before it was computed. */
  readonly sha256: string;
}

export interface CompareLink {
  readonly settings: CompareSettings;
  /** Timeline position, 0-based. */
  readonly position: number;
  readonly a: LinkedFile | null;
  readonly b: LinkedFile | null;
}

/** Rounded number for the address. */
const round = (x: number, digits: number): string => String(Number(x.toFixed(digits)));

/** @returns the query after `#/compare?`, without the settings that have their default */
export function linkQuery({ settings: s, position, a, b }: CompareLink): string {
  const query = new URLSearchParams();
  const put = (key: string, value: string | number | null, standard: string | number | null = null) => {
    if (value !== null && String(value) !== String(standard)) query.set(key, String(value));
  };
  put('view', s.view, DEFAULTS.view);
  put('split', round(s.split, 4), DEFAULTS.split);
  if (s.horizontal) put('cut', 'h');
  put('opacity', round(s.opacity, 3), DEFAULTS.opacity);
  put('gain', s.gain, DEFAULTS.gain);
  if (s.luma) put('luma', 1);
  if (s.swapped) put('swap', 1);
  put('offset', s.offset, 0);
  if (s.zoom !== null) {
    put('zoom', round(s.zoom, 4));
    put('at', s.centre.map((part) => round(part, 4)).join(','));
  }
  put('loop', s.loop, DEFAULTS.loop);
  put('rate', s.rate, DEFAULTS.rate);
  put('perturbation', s.mode, DEFAULTS.mode);
  put('over', s.over, DEFAULTS.over);
  put('s', s.strength);
  put('seed', s.seed, DEFAULTS.seed);
  put('k', s.answers, DEFAULTS.answers);
  put('rewards', s.rewards, DEFAULTS.rewards);
  put('mos', s.mosA);
  put('mosb', s.mosB);
  if (position > 0) put('position', position);
  for (const [key, file] of [
    ['a', a],
    ['b', b],
  ] as const)
    if (file) {
      put(key, file.name);
      if (file.sha256) put(`${key}hash`, file.sha256);
    }
  return query.toString();
}

/** Parses a link; missing and invalid values get their default. */
export function parseLink(text: string): CompareLink {
  const query = new URLSearchParams(text);
  // Keys of links that were made before they were renamed.
  for (const [old, key] of [
    ['damage', 'perturbation'],
    ['place', 'position'],
  ] as const)
    if (!query.has(key)) query.set(key, query.get(old) ?? '');
  const one = <T extends string>(key: string, options: readonly T[], standard: T): T =>
    options.find((option) => option === query.get(key)) ?? standard;
  const number = (key: string, low: number, high: number): number | null => {
    const text = query.get(key);
    const value = text === null || text.trim() === '' ? Number.NaN : Number(text);
    return value >= low && value <= high ? value : null;
  };
  const whole = (key: string, low: number, high: number) => {
    const value = number(key, low, high);
    return value !== null && Number.isInteger(value) ? value : null;
  };
  const parts = (query.get('at') ?? '').split(',').map(Number);
  const centred = parts.length === 2 && parts.every((part) => part >= 0 && part <= 1);
  const file = (key: string): LinkedFile | null => {
    const name = query.get(key);
    const sha256 = query.get(`${key}hash`) ?? '';
    return name ? { name, sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : '' } : null;
  };
  return {
    settings: {
      view: one('view', VIEWS, DEFAULTS.view),
      split: number('split', 0, 1) ?? DEFAULTS.split,
      horizontal: query.get('cut') === 'h',
      opacity: number('opacity', 0, 1) ?? DEFAULTS.opacity,
      gain: GAINS.find((gain) => String(gain) === query.get('gain')) ?? DEFAULTS.gain,
      luma: query.get('luma') === '1',
      swapped: query.get('swap') === '1',
      offset: whole('offset', -100_000, 100_000) ?? 0,
      zoom: number('zoom', 0.01, 8),
      centre: centred ? [parts[0]!, parts[1]!] : DEFAULTS.centre,
      loop: one('loop', LOOPS, DEFAULTS.loop),
      rate: number('rate', -4, 4) || DEFAULTS.rate,
      mode: one('perturbation', perturbModes, DEFAULTS.mode),
      over: one('over', ['sampled', 'video'], DEFAULTS.over),
      strength: whole('s', 1, 1_000_000),
      seed: whole('seed', 0, Number.MAX_SAFE_INTEGER) ?? DEFAULTS.seed,
      answers: ANSWERS.find((k) => String(k) === query.get('k')) ?? DEFAULTS.answers,
      rewards: one('rewards', REWARD_MODES, DEFAULTS.rewards),
      mosA: number('mos', 0, 5),
      mosB: number('mosb', 0, 5),
    },
    position: whole('position', 0, 100_000_000) ?? 0,
    a: file('a'),
    b: file('b'),
  };
}
