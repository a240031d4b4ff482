/**
 * State of one lowering of the statistics: the graph, the sizes of a frame, and the maps that rows share.
 *
 * A map is computed once for each scale and a node once for each key, so that rows which need the same value share it.
 */
import { motionFrames, type Profile } from '../../core/sampling/profiles.ts';
import type { MapName } from '../../core/sampling/statistics.ts';
import type { Graph } from '../graph.ts';
import { clip } from './arithmetic.ts';

/** A value for each position of a fragment, [M, G², height, width]: M frames, pairs or gaps; G² fragments of a frame. */
export interface PositionMap {
  readonly kind: 'positions';
  readonly value: string;
  /** M; 0 for any number of single frames, as Reshape keeps a dimension. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/**
 * A quotient for each fragment, whose sides are kept apart until they have been averaged: [M, G², 1, 1] each. A mean over
 * fragments is then a quotient of means and not a mean of quotients.
 */
export interface Ratio {
  readonly kind: 'ratio';
  /** M */
  readonly count: number;
  readonly numerator: string;
  readonly denominator: string;
}

/** Maps whose statistic is a quotient of two means over the positions of a fragment. */
export type RatioName = Extract<MapName, `flow_${string}` | `echo_${string}` | `halo_${string}`>;
export type PositionMapName = Exclude<MapName, RatioName>;

export type Axis = 'x' | 'y';

/**
 * The lowering of every map that `statistics.json` names. `scale` is the side of the pixel blocks that are averaged first.
 * A name that is missing here is a type error.
 */
export interface MapTable {
  readonly positions: Readonly<
    Record<PositionMapName, (context: StatisticsContext, scale: number) => PositionMap>
  >;
  readonly ratios: Readonly<Record<RatioName, (context: StatisticsContext, scale: number) => Ratio>>;
}

function motionInput(profile: Profile) {
  const cell = profile.motion.pixels === 'fragments' ? profile.motion.cell : profile.size;
  return { frames: motionFrames(profile), cell };
}

export class StatisticsContext {
  readonly g: Graph;
  /** T, frames of the motion branch; 0: single frames of any number, of which no pairs are made. */
  readonly frames: number;
  /** Pairs of frames, T / 2. */
  readonly pairs: number;
  /** Side of a fragment in pixels. */
  readonly cell: number;
  /** G, fragments along a side of the frame. */
  readonly grid: number;
  /** Red, green and blue, [T, 1, S, S] each, 0 … 1. */
  readonly rgb: readonly [string, string, string];
  readonly #table: MapTable;
  readonly #values = new Map<string, string>();
  readonly #positions = new Map<string, PositionMap>();
  readonly #ratios = new Map<string, Ratio>();

  /**
   * @param pixels [T, 3, S, S], normalised by the profile's mean and standard deviation
   * @param input frames and side of a fragment; 0 frames: any number of single ones
   */
  constructor(
    g: Graph,
    profile: Profile,
    pixels: string,
    table: MapTable,
    input: { readonly frames: number; readonly cell: number } = motionInput(profile),
  ) {
    this.g = g;
    this.#table = table;
    this.frames = input.frames;
    this.pairs = this.frames / 2;
    this.cell = input.cell;
    this.grid = profile.size / this.cell;
    const [mean, std] = [profile.mean, profile.std].map((v) => g.floats(v, [1, 3, 1, 1]));
    const rgb = g.add(g.mul(pixels, std!), mean!);
    this.rgb = g.split(clip(g, rgb, 0, 1), [1, 1, 1], 1) as [string, string, string];
  }

  /** The value of a key, which is computed at its first use. */
  once(key: string, compute: () => string): string {
    const value = this.#values.get(key) ?? compute();
    this.#values.set(key, value);
    return value;
  }

  positions(name: PositionMapName, scale: number): PositionMap {
    const key = `${name}/${scale}`;
    const map = this.#positions.get(key) ?? this.#table.positions[name](this, scale);
    this.#positions.set(key, map);
    return map;
  }

  ratio(name: RatioName, scale: number): Ratio {
    const key = `${name}/${scale}`;
    const ratio = this.#ratios.get(key) ?? this.#table.ratios[name](this, scale);
    this.#ratios.set(key, ratio);
    return ratio;
  }

  map(name: MapName, scale: number): PositionMap | Ratio {
    return this.#isRatio(name) ? this.ratio(name, scale) : this.positions(name, scale);
  }

  #isRatio(name: MapName): name is RatioName {
    return Object.hasOwn(this.#table.ratios, name);
  }
}
