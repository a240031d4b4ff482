/**
 * Closed-form statistics of the motion branch's input as graph nodes. The table `core/sampling/statistics.json` says what
 * each word means; this file says how a word is computed. Maps are [M, G², h, w]: M frames, pairs or gaps, G² fragments
 * of the frame; nothing crosses a fragment's border.
 */
import { CodedError } from '../core/errors.ts';
import { motionFrames, type Profile } from '../core/sampling/profiles.ts';
import {
  lumaWeights,
  type Ramp,
  type StatisticRow,
  statisticLimit,
  statisticRow,
} from '../core/sampling/statistics.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Graph } from './graph.ts';
import { vector } from './parts.ts';

/** Under the root of a deviation over fragments or time. */
const varianceFloor = 1e-8;

/** Under the flow's squared slopes, the echo's energy, and the logarithm of a change that is compared with another. */
const [slopeFloor, echoFloor, changeFloor] = [1e-4, 1e-5, 2e-3];

/** Luma over two pixels where an edge begins to count, and how far from it is near and far. */
const strongEdge = 0.08;
const haloReach = { near: [2, 5], far: [4, 9] } as const;

/** Positions a side of the blocks that steps and differences, and the checker, are averaged over. */
const [stepBlock, differenceBlock, checkerBlock] = [8, 8, 10];

/** A map and its sizes: M and the positions of a fragment; of a ratio 2 × 1, numerator and denominator. */
interface StatisticMap {
  readonly value: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/** Result of a row before `time`: [1, M]. */
interface Series {
  readonly value: string;
  readonly count: number;
}

class StatisticsLowering {
  readonly #g: Graph;
  readonly #frames: number;
  readonly #cell: number;
  readonly #grid: number;
  readonly #rgb: readonly string[];
  readonly #known = new Map<string, string>();
  readonly #maps = new Map<string, StatisticMap>();

  constructor(g: Graph, profile: Profile, pixels: string) {
    this.#g = g;
    this.#frames = motionFrames(profile);
    this.#cell = profile.motion.pixels === 'fragments' ? profile.motion.cell : profile.size;
    this.#grid = profile.size / this.#cell;
    const [mean, std] = [profile.mean, profile.std].map((v) => g.floats(v, [1, 3, 1, 1]));
    const rgb = g.add(g.mul(pixels, std!), mean!);
    this.#rgb = g.split(this.#clip(rgb, 0, 1), [1, 1, 1], 1);
  }

  /** One node for all rows that need the same value. */
  #once(key: string, make: () => string): string {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }

  #clip(x: string, low: number, high: number): string {
    return this.#g.node('Clip', [x, this.#g.floats([low], []), this.#g.floats([high], [])]);
  }

  #scaled(x: string, factor: number): string {
    return this.#g.mul(x, this.#g.floats([factor], []));
  }

  #plus(x: string, term: number): string {
    return this.#g.add(x, this.#g.floats([term], []));
  }

  #sub(a: string, b: string): string {
    return this.#g.node('Sub', [a, b]);
  }

  #div(a: string, b: string): string {
    return this.#g.node('Div', [a, b]);
  }

  #abs(x: string): string {
    return this.#g.node('Abs', [x]);
  }

  #log(x: string, epsilon: number): string {
    return this.#g.node('Log', [this.#plus(x, epsilon)]);
  }

  #neg(x: string): string {
    return this.#g.node('Neg', [x]);
  }

  #reduce(kind: 'Mean' | 'Min' | 'Max', x: string, axes: readonly number[], keepdims = 0): string {
    return this.#g.node(`Reduce${kind}`, [x, this.#g.integers(axes)], { keepdims });
  }

  /** Population deviation along one axis. */
  #std(x: string, axis: number): string {
    const offset = this.#sub(x, this.#reduce('Mean', x, [axis], 1));
    const variance = this.#reduce('Mean', this.#g.mul(offset, offset), [axis]);
    return this.#g.node('Sqrt', [this.#plus(variance, varianceFloor)]);
  }

  /** √(max(mean v² − (mean v)², 0) + 1e-6) */
  #deviation(x: string, axes: readonly number[]): string {
    const g = this.#g;
    const mean = this.#reduce('Mean', x, axes);
    const spread = this.#sub(this.#reduce('Mean', g.mul(x, x), axes), g.mul(mean, mean));
    return g.node('Sqrt', [this.#plus(g.relu(spread), 1e-6)]);
  }

  #ramp(x: string, rule: Ramp): string {
    const above = 'above' in rule ? this.#plus(x, -rule.above) : this.#plus(this.#neg(x), rule.below);
    return this.#clip(this.#plus(this.#scaled(above, 1 / rule.width), 0.5), 0, 1);
  }

  /** Pixels of a frame to [T, G², c, c]. */
  #cut(x: string): string {
    const [grid, cell] = [this.#grid, this.#cell];
    if (grid === 1) return x;
    const cells = this.#g.reshape(x, [this.#frames, grid, cell, grid, cell]);
    return this.#g.reshape(this.#g.transpose(cells, [0, 1, 3, 2, 4]), [
      this.#frames,
      grid * grid,
      cell,
      cell,
    ]);
  }

  /** Colour planes at native scale. */
  #plane(name: string): string {
    const g = this.#g;
    const [red, green, blue] = this.#rgb as readonly [string, string, string];
    const luma = () =>
      this.#once('Y', () => {
        const [r, gr, b] = [red, green, blue].map((x, i) => this.#scaled(x, lumaWeights[i]!));
        return g.add(g.add(r!, gr!), b!);
      });
    return this.#once(name, () => {
      switch (name) {
        case 'luma':
          return this.#cut(luma());
        case 'cb':
          return this.#cut(this.#scaled(this.#sub(blue, luma()), 0.564));
        case 'cr':
          return this.#cut(this.#scaled(this.#sub(red, luma()), 0.713));
        default:
          return this.#cut(this.#sub(g.node('Max', [red, green, blue]), g.node('Min', [red, green, blue])));
      }
    });
  }

  /** Frames at these places of a [T, …] map. */
  #pick(map: StatisticMap, first: number, step: number, count: number): StatisticMap {
    const places = Array.from({ length: count }, (_, i) => first + step * i);
    const value = this.#once(`${map.value}@${first}/${count}`, () =>
      this.#g.gather(map.value, this.#g.integers(places), 0),
    );
    return { ...map, value, count };
  }

  /** A window of a map's positions: rows and columns to leave out at each side. */
  #window(map: StatisticMap, top: number, bottom: number, left: number, right: number): string {
    const g = this.#g;
    return this.#once(`${map.value}[${top},${bottom},${left},${right}]`, () => {
      const axes = [...(top + bottom > 0 ? [2] : []), ...(left + right > 0 ? [3] : [])];
      const from = [...(top + bottom > 0 ? [top] : []), ...(left + right > 0 ? [left] : [])];
      const to = [
        ...(top + bottom > 0 ? [map.height - bottom] : []),
        ...(left + right > 0 ? [map.width - right] : []),
      ];
      return g.node('Slice', [map.value, g.integers(from), g.integers(to), g.integers(axes)]);
    });
  }

  #inner(map: StatisticMap, value: string): StatisticMap {
    return { value, count: map.count, height: map.height - 2, width: map.width - 2 };
  }

  #laplacian(map: StatisticMap): StatisticMap {
    const neighbours = [
      this.#window(map, 1, 1, 0, 2),
      this.#window(map, 1, 1, 2, 0),
      this.#window(map, 0, 2, 1, 1),
      this.#window(map, 2, 0, 1, 1),
    ];
    const centre = this.#scaled(this.#window(map, 1, 1, 1, 1), 4);
    return this.#inner(map, this.#abs(neighbours.reduce((sum, x) => this.#sub(sum, x), centre)));
  }

  #checker(map: StatisticMap): StatisticMap {
    const second = (before: string, middle: string, after: string) =>
      this.#g.add(this.#sub(before, this.#scaled(middle, 2)), after);
    const across = second(
      this.#window(map, 0, 0, 0, 2),
      this.#window(map, 0, 0, 1, 1),
      this.#window(map, 0, 0, 2, 0),
    );
    const x = { ...map, value: across, width: map.width - 2 };
    const both = second(
      this.#window(x, 0, 2, 0, 0),
      this.#window(x, 1, 1, 0, 0),
      this.#window(x, 2, 0, 0, 0),
    );
    return this.#inner(map, this.#scaled(this.#abs(both), 0.25));
  }

  map(name: string, scale: number): StatisticMap {
    const key = `${name}/${scale}`;
    const known = this.#maps.get(key) ?? this.#compute(name, scale);
    this.#maps.set(key, known);
    return known;
  }

  #compute(name: string, scale: number): StatisticMap {
    const g = this.#g;
    const side = this.#cell / scale;
    const plane = { count: this.#frames, height: side, width: side };
    if (['luma', 'cb', 'cr', 'saturation'].includes(name)) {
      const native = this.#plane(name);
      const pool = { kernel_shape: [scale, scale], strides: [scale, scale] };
      return { ...plane, value: scale === 1 ? native : g.node('AveragePool', [native], pool) };
    }
    const luma = this.map('luma', scale);
    const pairs = this.#frames / 2;
    const [first, second] = this.#sides(scale);
    const signed = (later: StatisticMap, earlier: StatisticMap) => ({
      ...later,
      value: this.#sub(later.value, earlier.value),
    });
    const absolute = (map: StatisticMap) => ({ ...map, value: this.#abs(map.value) });
    switch (name) {
      case 'dx':
      case 'dy':
        return absolute(this.#differences(luma, name[1]!));
      case 'laplacian':
        return this.#laplacian(luma);
      case 'checker':
        return this.#checker(luma);
      case 'chroma_laplacian': {
        const [cb, cr] = [this.#laplacian(this.map('cb', scale)), this.#laplacian(this.map('cr', scale))];
        return { ...cb, value: g.add(cb.value, cr.value) };
      }
      case 'pair_signed':
        return signed(second, first);
      case 'pair':
        return absolute(this.map('pair_signed', scale));
      case 'pair_checker':
        return this.#checker(this.map('pair_signed', scale));
      case 'gap_signed':
        return signed(this.#pick(luma, 2, 2, pairs - 1), this.#pick(luma, 1, 2, pairs - 1));
      case 'gap':
        return absolute(this.map('gap_signed', scale));
      case 'flow_x':
      case 'flow_y':
        return this.#flow(name.slice(-1), scale);
      case 'echo_1':
      case 'echo_2':
      case 'echo_3':
      case 'echo_4':
        return this.#echo(Number(name.slice(-1)), scale);
      case 'halo_x_near':
      case 'halo_y_near':
        return this.#halo(name[5]!, 'near', scale);
      case 'halo_x_far':
      case 'halo_y_far':
        return this.#halo(name[5]!, 'far', scale);
      case 'comb':
        return this.#comb(first);
      case 'seam_x':
      case 'seam_y':
        return this.#seam(name.slice(-1), scale);
      case 'pair_blocks':
      case 'gap_blocks':
        return this.#blocks(this.map(name.slice(0, -'_blocks'.length), scale), differenceBlock);
      case 'checker_blocks':
      case 'pair_checker_blocks':
        return this.#blocks(this.map(name.slice(0, -'_blocks'.length), scale), checkerBlock);
      case 'pair_against_gap':
      case 'leap_against_gap':
        return this.#against(name, scale);
      default:
        throw new RangeError(`statistics.json names the unknown map ${name}`);
    }
  }

  /** Means over the positions of each fragment, side by side: [M, G², 2, 1]. */
  #ratio(count: number, numerator: string, denominator: string): StatisticMap {
    const parts = [numerator, denominator].map((x) => this.#reduce('Mean', x, [2, 3], 1));
    return { value: this.#g.concat(parts, 2), count, height: 2, width: 1 };
  }

  /** Displacement in pixels of this scale, least squares over a fragment's positions. */
  #flow(axis: string, scale: number): StatisticMap {
    const g = this.#g;
    const change = this.map('pair_signed', scale);
    const [first, second] = this.#sides(scale);
    const middle = {
      ...first,
      value: this.#once(`middle/${scale}`, () => this.#scaled(g.add(first.value, second.value), 0.5)),
    };
    const ahead = axis === 'x' ? this.#window(middle, 1, 1, 2, 0) : this.#window(middle, 2, 0, 1, 1);
    const behind = axis === 'x' ? this.#window(middle, 1, 1, 0, 2) : this.#window(middle, 0, 2, 1, 1);
    const slope = this.#scaled(this.#sub(ahead, behind), 0.5);
    const against = this.#neg(g.mul(slope, this.#window(change, 1, 1, 1, 1)));
    return this.#ratio(change.count, against, this.#plus(g.mul(slope, slope), slopeFloor));
  }

  /** First frames and second frames of the pairs. */
  #sides(scale: number): readonly [StatisticMap, StatisticMap] {
    const luma = this.map('luma', scale);
    const pairs = this.#frames / 2;
    return [this.#pick(luma, 0, 2, pairs), this.#pick(luma, 1, 2, pairs)];
  }

  /** Differences of neighbours along an axis. */
  #differences(map: StatisticMap, axis: string): StatisticMap {
    return axis === 'x'
      ? {
          ...map,
          value: this.#once(`${map.value} dx`, () =>
            this.#sub(this.#window(map, 0, 0, 1, 0), this.#window(map, 0, 0, 0, 1)),
          ),
          width: map.width - 1,
        }
      : {
          ...map,
          value: this.#once(`${map.value} dy`, () =>
            this.#sub(this.#window(map, 1, 0, 0, 0), this.#window(map, 0, 1, 0, 0)),
          ),
          height: map.height - 1,
        };
  }

  /** Autocorrelation of the differences `lag` positions apart. */
  #echo(lag: number, scale: number): StatisticMap {
    const g = this.#g;
    const [first] = this.#sides(scale);
    const [x, y] = [this.#differences(first, 'x'), this.#differences(first, 'y')];
    const mean = (value: string) => this.#reduce('Mean', value, [2, 3], 1);
    const along = g.mul(this.#window(x, 0, 0, lag, 0), this.#window(x, 0, 0, 0, lag));
    const down = g.mul(this.#window(y, lag, 0, 0, 0), this.#window(y, 0, lag, 0, 0));
    const energy = this.#once(`energy/${scale}`, () =>
      this.#plus(g.add(mean(g.mul(x.value, x.value)), mean(g.mul(y.value, y.value))), echoFloor),
    );
    return this.#ratio(first.count, g.add(mean(along), mean(down)), energy);
  }

  /** How far the sides of strong edges overshoot. */
  #halo(axis: string, reach: keyof typeof haloReach, scale: number): StatisticMap {
    const g = this.#g;
    const [first] = this.#sides(scale);
    const [near, far] = haloReach[reach];
    const at = (offset: number) =>
      axis === 'x'
        ? this.#window(first, 0, 0, far + offset, far - offset)
        : this.#window(first, far + offset, far - offset, 0, 0);
    const step = this.#sub(at(1), at(-1));
    const weight = this.#clip(this.#scaled(this.#plus(this.#abs(step), -strongEdge), 1 / strongEdge), 0, 1);
    const weighted = g.mul(weight, step);
    const over = this.#sub(this.#sub(at(near), at(far)), this.#sub(at(-near), at(-far)));
    return this.#ratio(first.count, g.mul(weighted, over), this.#plus(g.mul(weighted, step), echoFloor));
  }

  #comb(map: StatisticMap): StatisticMap {
    const g = this.#g;
    const alternating = (at: (i: number) => string) => {
      const outer = g.add(at(0), at(4));
      const inner = this.#scaled(g.add(at(1), at(3)), 3);
      const sum = g.add(this.#sub(outer, inner), this.#scaled(at(2), 4));
      return this.#scaled(this.#abs(sum), 1 / 12);
    };
    const down = alternating((i) => this.#window(map, i, 4 - i, 2, 2));
    const along = alternating((i) => this.#window(map, 2, 2, i, 4 - i));
    return { ...map, value: this.#sub(down, along), height: map.height - 4, width: map.width - 4 };
  }

  /** Straight steps that their neighbours do not share. */
  #seam(axis: string, scale: number): StatisticMap {
    const step = this.#differences(this.#sides(scale)[0], axis);
    const [before, middle, after] = [0, 1, 2].map((i) =>
      axis === 'x' ? this.#window(step, 0, 0, i, 2 - i) : this.#window(step, i, 2 - i, 0, 0),
    ) as [string, string, string];
    const lone = this.#sub(middle, this.#scaled(this.#g.add(before, after), 0.5));
    const kernel_shape = axis === 'x' ? [stepBlock, 1] : [1, stepBlock];
    const pooled = this.#g.node('AveragePool', [lone], { kernel_shape, strides: kernel_shape });
    const [height, width] = axis === 'x' ? [step.height, step.width - 2] : [step.height - 2, step.width];
    return {
      ...step,
      value: this.#abs(pooled),
      height: Math.floor(height / kernel_shape[0]!),
      width: Math.floor(width / kernel_shape[1]!),
    };
  }

  #blocks(map: StatisticMap, size: number): StatisticMap {
    const pool = { kernel_shape: [size, size], strides: [size, size] };
    const [height, width] = [map.height, map.width].map((n) => Math.floor(n / size)) as [number, number];
    return { ...map, value: this.#g.node('AveragePool', [map.value], pool), height, width };
  }

  /** Logarithm of a fragment's mean absolute difference: [M, G², 1, 1]. */
  #change(key: string, later: StatisticMap, earlier: StatisticMap): StatisticMap {
    const value = this.#once(key, () =>
      this.#log(
        this.#reduce('Mean', this.#abs(this.#sub(later.value, earlier.value)), [2, 3], 1),
        changeFloor,
      ),
    );
    return { value, count: later.count, height: 1, width: 1 };
  }

  /** How two changes of a fragment compare, pair after pair. */
  #against(name: string, scale: number): StatisticMap {
    const luma = this.map('luma', scale);
    const pairs = this.#frames / 2;
    const frames = (first: number, count: number) => this.#pick(luma, first, 2, count);
    const gaps = this.#change(`gaps/${scale}`, frames(2, pairs - 1), frames(1, pairs - 1));
    if (name === 'pair_against_gap') {
      const own = this.#change(`pairs/${scale}`, frames(3, pairs - 1), frames(2, pairs - 1));
      return { ...own, value: this.#sub(own.value, gaps.value) };
    }
    const leaps = this.#change(`leaps/${scale}`, frames(4, pairs - 2), frames(1, pairs - 2));
    return { ...leaps, value: this.#sub(leaps.value, this.#g.slice(gaps.value, 0, pairs - 2, 0)) };
  }

  /** Strength of a grid of 8 native pixels in each fragment: the strongest phase above the mean of all, relative. */
  #phase(map: StatisticMap, axis: string, scale: number): string {
    const g = this.#g;
    const lines = this.#reduce('Mean', map.value, [axis === 'dx' ? 2 : 3]);
    const padded = g.padEnd(lines, 2, 3);
    const phases = this.#reduce('Mean', g.reshape(padded, [map.count, this.#grid ** 2, -1, 8 / scale]), [2]);
    const mean = this.#reduce('Mean', phases, [2]);
    return this.#div(this.#sub(this.#reduce('Max', phases, [2]), mean), this.#plus(mean, 1e-4));
  }

  /** Numerator over denominator, both along axis 2. */
  #quotient(x: string, dims: readonly number[]): string {
    const [numerator, denominator] = this.#g.split(x, [1, 1], 2);
    return this.#g.reshape(this.#div(numerator!, denominator!), dims);
  }

  /** Each fragment's value, [M, G²]. */
  #perFragment(row: StatisticRow, map: StatisticMap): string {
    const key = JSON.stringify([row.map, row.scale, row.cell]);
    const each = this.#once(key, () => {
      if (row.cell === 'mean') return this.#reduce('Mean', map.value, [2, 3]);
      if (row.cell === 'min') return this.#reduce('Min', map.value, [2, 3]);
      if (row.cell === 'max') return this.#reduce('Max', map.value, [2, 3]);
      if (row.cell === 'ratio') return this.#quotient(map.value, [map.count, -1]);
      if (row.cell === 'deviation') return this.#deviation(map.value, [2, 3]);
      if (row.cell === 'phase8') return this.#phase(map, row.map, row.scale);
      return this.#reduce('Mean', this.#ramp(map.value, row.cell), [2, 3]);
    });
    const { log } = row;
    return log === undefined ? each : this.#once(`${key} log ${log}`, () => this.#log(each, log));
  }

  /** [M] */
  #overFragments(row: StatisticRow): string {
    const map = this.map(row.map, row.scale);
    if (row.fragments === 'ratio')
      return this.#quotient(this.#reduce('Mean', map.value, [1], 1), [map.count]);
    if (row.fragments === 'pixels') return this.#deviation(map.value, [1, 2, 3]);
    return this.#along(this.#perFragment(row, map), row.fragments);
  }

  /** Reduces axis 1. */
  #along(x: string, how: 'mean' | 'min' | 'max' | 'std'): string {
    return how === 'std'
      ? this.#std(x, 1)
      : this.#reduce(({ mean: 'Mean', min: 'Min', max: 'Max' } as const)[how], x, [1]);
  }

  /** A row before `time`; rows that differ only in `time` share it. */
  series(row: StatisticRow): Series {
    const { name: _name, time: _time, ...rest } = row;
    const { count } = this.map(row.map, row.scale);
    const value = this.#once(JSON.stringify(rest), () =>
      this.#g.reshape(this.#after(this.#overFragments(row), row.after), [1, count]),
    );
    return { value, count };
  }

  #after(x: string, rule: StatisticRow['after']): string {
    if (rule === undefined) return x;
    if (rule === 'abs') return this.#abs(x);
    return 'log' in rule ? this.#log(x, rule.log) : this.#ramp(x, rule);
  }

  /** [k, M] → [k] */
  overTime(x: string, count: number, how: StatisticRow['time']): string {
    const g = this.#g;
    const part = (from: number, to: number) => g.slice(x, from, to, 1);
    const mean = (value: string) => this.#reduce('Mean', value, [1]);
    if (typeof how === 'object') return mean(this.#ramp(this.#sub(x, this.#reduce('Mean', x, [1], 1)), how));
    switch (how) {
      case 'half': {
        const half = Math.floor(count / 2);
        return this.#sub(mean(part(count - half, count)), mean(part(0, half)));
      }
      case 'steps':
        return mean(this.#abs(this.#sub(part(1, count), part(0, count - 1))));
      case 'coherence':
        return this.#div(this.#abs(mean(x)), this.#plus(mean(this.#abs(x)), 0.005));
      case 'flips': {
        const product = g.mul(part(1, count), part(0, count - 1));
        const agreement = mean(this.#div(product, this.#plus(this.#abs(product), 1e-4)));
        return this.#plus(this.#scaled(agreement, -0.5), 0.5);
      }
      default:
        return this.#along(x, how);
    }
  }

  standardised(raw: string, mean: string, std: string): string {
    return this.#clip(this.#div(this.#sub(raw, mean), std), -statisticLimit, statisticLimit);
  }
}

function rowsOf(names: readonly string[]): StatisticRow[] {
  return names.map((name) => {
    try {
      return statisticRow(name);
    } catch (cause) {
      throw new CodedError(
        'convert/config',
        { field: 'motion_config.statistics', problem: `no statistic is called ${name}` },
        undefined,
        { cause },
      );
    }
  });
}

/**
 * Standardised statistics [1, n] in the order of `motion_config.statistics`.
 *
 * @param pixels [T, 3, S, S], normalised
 * @throws CodedError `convert/config`: an unknown name, or frames that are no pairs
 */
export function motionStatistics(g: Graph, checkpoint: Checkpoint, profile: Profile, pixels: string): string {
  const rows = rowsOf(checkpoint.config.motion.statistics);
  if (motionFrames(profile) % 2 !== 0) {
    throw new CodedError('convert/config', {
      field: 'motion_config.statistics',
      problem: 'need an even number of frames',
    });
  }
  return g.scope('statistics', () => {
    const lowering = new StatisticsLowering(g, profile, pixels);
    // Rows with the same end are reduced together; a final gather puts them back in order.
    const groups = new Map<string, { row: StatisticRow; index: number; series: Series }[]>();
    for (const [index, row] of rows.entries()) {
      const series = lowering.series(row);
      const key = JSON.stringify([row.time, series.count]);
      groups.set(key, [...(groups.get(key) ?? []), { row, index, series }]);
    }
    const order: number[] = [];
    const reduced = [...groups.values()].map((group) => {
      const [{ row, series }] = group as [(typeof group)[number]];
      for (const { index } of group) order.push(index);
      return lowering.overTime(
        g.concat(
          group.map((each) => each.series.value),
          0,
        ),
        series.count,
        row.time,
      );
    });
    const places = rows.map((_, index) => order.indexOf(index));
    const raw = g.gather(g.concat(reduced, 0), g.integers(places), 0);
    const standard = ['mean', 'std'].map((part) => vector(g, checkpoint, `motion_statistics.${part}`));
    return g.reshape(lowering.standardised(raw, standard[0]!, standard[1]!), [1, rows.length]);
  });
}
