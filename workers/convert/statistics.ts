/**
 * Closed-form statistics of the motion branch's input as graph nodes. The table `src/core/statistics.json` says what
 * each word means; this file says how a word is computed. Maps are [M, G², h, w]: M frames, pairs or gaps, G² fragments
 * of the frame; nothing crosses a fragment's border.
 */
import { CodedError } from '../../src/core/errors.ts';
import { motionFrames, type Profile } from '../../src/core/profiles.ts';
import {
  lumaWeights,
  type Ramp,
  type StatisticRow,
  statisticLimit,
  statisticRow,
} from '../../src/core/statistics.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Graph } from './graph.ts';
import { vector } from './parts.ts';

/** Under the root of a deviation over fragments or time. */
const varianceFloor = 1e-8;

/** A map and its sizes: M and the positions of a fragment. */
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
    const above =
      'above' in rule ? this.#plus(x, -rule.above) : this.#plus(this.#g.node('Neg', [x]), rule.below);
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
    const first = () => this.#pick(luma, 0, 2, pairs);
    const second = () => this.#pick(luma, 1, 2, pairs);
    const signed = (later: StatisticMap, earlier: StatisticMap) => ({
      ...later,
      value: this.#sub(later.value, earlier.value),
    });
    const absolute = (map: StatisticMap) => ({ ...map, value: this.#abs(map.value) });
    switch (name) {
      case 'dx': {
        const value = this.#abs(this.#sub(this.#window(luma, 0, 0, 1, 0), this.#window(luma, 0, 0, 0, 1)));
        return { ...luma, value, width: side - 1 };
      }
      case 'dy': {
        const value = this.#abs(this.#sub(this.#window(luma, 1, 0, 0, 0), this.#window(luma, 0, 1, 0, 0)));
        return { ...luma, value, height: side - 1 };
      }
      case 'laplacian':
        return this.#laplacian(luma);
      case 'checker':
        return this.#checker(luma);
      case 'chroma_laplacian': {
        const [cb, cr] = [this.#laplacian(this.map('cb', scale)), this.#laplacian(this.map('cr', scale))];
        return { ...cb, value: g.add(cb.value, cr.value) };
      }
      case 'pair_signed':
        return signed(second(), first());
      case 'pair':
        return absolute(this.map('pair_signed', scale));
      case 'pair_checker':
        return this.#checker(this.map('pair_signed', scale));
      case 'gap_signed':
        return signed(this.#pick(luma, 2, 2, pairs - 1), this.#pick(luma, 1, 2, pairs - 1));
      case 'gap':
        return absolute(this.map('gap_signed', scale));
      default:
        throw new RangeError(`statistics.json names the unknown map ${name}`);
    }
  }

  /** Displacement in pixels of this scale, least squares over all positions of a pair: [M]. */
  #flow(name: string, scale: number): string {
    const g = this.#g;
    const change = this.map('pair_signed', scale);
    const luma = this.map('luma', scale);
    const [first, second] = [this.#pick(luma, 0, 2, change.count), this.#pick(luma, 1, 2, change.count)];
    const middle = {
      ...first,
      value: this.#once(`middle/${scale}`, () => this.#scaled(g.add(first.value, second.value), 0.5)),
    };
    const ahead = name === 'flow_x' ? this.#window(middle, 1, 1, 2, 0) : this.#window(middle, 2, 0, 1, 1);
    const behind = name === 'flow_x' ? this.#window(middle, 1, 1, 0, 2) : this.#window(middle, 0, 2, 1, 1);
    const slope = this.#once(`${name}/${scale} slope`, () => this.#scaled(this.#sub(ahead, behind), 0.5));
    return this.#once(`${name}/${scale}`, () => {
      const numerator = g.node('Neg', [
        this.#reduce('Mean', g.mul(slope, this.#window(change, 1, 1, 1, 1)), [1, 2, 3]),
      ]);
      return this.#div(numerator, this.#plus(this.#reduce('Mean', g.mul(slope, slope), [1, 2, 3]), 1e-4));
    });
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

  /** Each fragment's value, [M, G²]. */
  #perFragment(row: StatisticRow, map: StatisticMap): string {
    const key = JSON.stringify([row.map, row.scale, row.cell]);
    const each = this.#once(key, () => {
      if (row.cell === 'mean') return this.#reduce('Mean', map.value, [2, 3]);
      if (row.cell === 'deviation') return this.#deviation(map.value, [2, 3]);
      if (row.cell === 'phase8') return this.#phase(map, row.map, row.scale);
      return this.#reduce('Mean', this.#ramp(map.value, row.cell), [2, 3]);
    });
    const { log } = row;
    return log === undefined ? each : this.#once(`${key} log ${log}`, () => this.#log(each, log));
  }

  /** [M] */
  #overFragments(row: StatisticRow): string {
    if (row.fragments === 'ratio') return this.#flow(row.map, row.scale);
    const map = this.map(row.map, row.scale);
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
    const { count } = this.map(row.fragments === 'ratio' ? 'pair_signed' : row.map, row.scale);
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
    if (how !== 'half') return this.#along(x, how);
    const half = Math.floor(count / 2);
    const mean = (from: number, to: number) => this.#reduce('Mean', this.#g.slice(x, from, to, 1), [1]);
    return this.#sub(mean(count - half, count), mean(0, half));
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
      const key = `${row.time} ${series.count}`;
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
