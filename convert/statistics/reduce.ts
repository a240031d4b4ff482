/** A row of the table from its map to one number: over positions, over fragments, then over time. */
import type { StatisticRow } from '../../core/sampling/statistics.ts';
import {
  abs,
  deviationFromMoments,
  div,
  log,
  plus,
  ramp,
  reduce,
  scaled,
  standardDeviation,
  sub,
} from './arithmetic.ts';
import type { PositionMap, Ratio, StatisticsContext } from './context.ts';

/** Result of a row before `time`: [1, M]. */
export interface Series {
  readonly value: string;
  readonly count: number;
}

/** Both sides along axis 2, [M, G², 2, 1], so that one reduction serves both. */
function stacked(context: StatisticsContext, { numerator, denominator }: Ratio): string {
  return context.once(`${numerator}/${denominator}`, () => context.g.concat([numerator, denominator], 2));
}

/** Numerator over denominator, stacked along axis 2. */
function quotient({ g }: StatisticsContext, x: string, dims: readonly number[]): string {
  const [numerator, denominator] = g.split(x, [1, 1], 2);
  return g.reshape(div(g, numerator!, denominator!), dims);
}

/**
 * Strength of a grid of 8 native pixels in each fragment: the strongest of its phases less the mean of all, over that mean.
 */
function gridStrength(context: StatisticsContext, map: PositionMap, row: StatisticRow): string {
  const { g, grid } = context;
  const lines = reduce(g, 'Mean', map.value, [row.map === 'dx' ? 2 : 3]);
  const padded = g.padEnd(lines, 2, 3);
  const phases = reduce(g, 'Mean', g.reshape(padded, [map.count, grid ** 2, -1, 8 / row.scale]), [2]);
  const mean = reduce(g, 'Mean', phases, [2]);
  return div(g, sub(g, reduce(g, 'Max', phases, [2]), mean), plus(g, mean, 1e-4));
}

function overPositions(context: StatisticsContext, row: StatisticRow, map: PositionMap): string {
  const { g } = context;
  switch (row.cell) {
    case 'mean':
      return reduce(g, 'Mean', map.value, [2, 3]);
    case 'min':
      return reduce(g, 'Min', map.value, [2, 3]);
    case 'max':
      return reduce(g, 'Max', map.value, [2, 3]);
    case 'deviation':
      return deviationFromMoments(g, map.value, [2, 3]);
    case 'phase8':
      return gridStrength(context, map, row);
    case 'ratio':
      throw new RangeError(`${row.name}: ${row.map} is no ratio`);
    default:
      return reduce(g, 'Mean', ramp(g, map.value, row.cell), [2, 3]);
  }
}

/** Each fragment's value, [M, G²]. */
function perFragment(context: StatisticsContext, row: StatisticRow, map: PositionMap | Ratio): string {
  const key = JSON.stringify([row.map, row.scale, row.cell]);
  const each = context.once(key, () =>
    map.kind === 'ratio'
      ? quotient(context, stacked(context, map), [map.count, -1])
      : overPositions(context, row, map),
  );
  const { log: epsilon } = row;
  return epsilon === undefined
    ? each
    : context.once(`${key} log ${epsilon}`, () => log(context.g, each, epsilon));
}

/** Each fragment's value with the row's logarithm in any place, [M, G²]. */
export function fragmentValue(context: StatisticsContext, row: StatisticRow): string {
  const each = perFragment(context, row, context.map(row.map, row.scale));
  const { after } = row;
  if (after === undefined || after === 'abs' || !('log' in after)) return each;
  return context.once(`${each} after ${after.log}`, () => log(context.g, each, after.log));
}

/** Reduces axis 1. */
function along({ g }: StatisticsContext, x: string, how: 'mean' | 'min' | 'max' | 'std'): string {
  return how === 'std'
    ? standardDeviation(g, x, 1)
    : reduce(g, ({ mean: 'Mean', min: 'Min', max: 'Max' } as const)[how], x, [1]);
}

/** [M] */
function overFragments(context: StatisticsContext, row: StatisticRow, map: PositionMap | Ratio): string {
  const { g } = context;
  if (row.fragments === 'ratio') {
    if (map.kind !== 'ratio') throw new RangeError(`${row.name}: ${row.map} is no ratio`);
    return quotient(context, reduce(g, 'Mean', stacked(context, map), [1], 1), [map.count]);
  }
  if (row.fragments === 'pixels') {
    if (map.kind === 'ratio') throw new RangeError(`${row.name}: ${row.map} has no value per position`);
    return deviationFromMoments(g, map.value, [1, 2, 3]);
  }
  return along(context, perFragment(context, row, map), row.fragments);
}

function after({ g }: StatisticsContext, x: string, rule: StatisticRow['after']): string {
  if (rule === undefined) return x;
  if (rule === 'abs') return abs(g, x);
  return 'log' in rule ? log(g, x, rule.log) : ramp(g, x, rule);
}

/** A row before `time`; rows that differ only in `time` share it. */
export function series(context: StatisticsContext, row: StatisticRow): Series {
  const { name: _name, time: _time, ...rest } = row;
  const map = context.map(row.map, row.scale);
  const value = context.once(JSON.stringify(rest), () =>
    context.g.reshape(after(context, overFragments(context, row, map), row.after), [1, map.count]),
  );
  return { value, count: map.count };
}

/** [k, M] → [k] */
export function overTime(
  context: StatisticsContext,
  x: string,
  count: number,
  how: StatisticRow['time'],
): string {
  const { g } = context;
  const part = (from: number, to: number) => g.slice(x, from, to, 1);
  const mean = (value: string) => reduce(g, 'Mean', value, [1]);
  if (typeof how === 'object') return mean(ramp(g, sub(g, x, reduce(g, 'Mean', x, [1], 1)), how));
  switch (how) {
    case 'half': {
      const half = Math.floor(count / 2);
      return sub(g, mean(part(count - half, count)), mean(part(0, half)));
    }
    case 'steps':
      return mean(abs(g, sub(g, part(1, count), part(0, count - 1))));
    case 'coherence':
      return div(g, abs(g, mean(x)), plus(g, mean(abs(g, x)), 0.005));
    case 'flips': {
      const product = g.mul(part(1, count), part(0, count - 1));
      const agreement = mean(div(g, product, plus(g, abs(g, product), 1e-4)));
      return plus(g, scaled(g, agreement, -0.5), 0.5);
    }
    default:
      return along(context, x, how);
  }
}
