/**
 * Closed-form statistics of the motion branch's input as graph nodes. The table `core/sampling/statistics.json` defines
 * the formulas; `maps.ts` lowers its maps, `reduce.ts` its rows.
 *
 * Maps are [M, G², h, w]: M frames, pairs or gaps; G² fragments of the frame. Nothing crosses a fragment's border.
 */
import { CodedError } from '../../core/errors.ts';
import { motionFrames, type Profile } from '../../core/sampling/profiles.ts';
import { type StatisticRow, statisticLimit, statisticRow } from '../../core/sampling/statistics.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { Graph } from '../graph.ts';
import { vector } from '../parts.ts';
import { clip, div, sub } from './arithmetic.ts';
import { StatisticsContext } from './context.ts';
import { MAPS } from './maps.ts';
import { overTime, type Series, series } from './reduce.ts';

function rowsOf(names: readonly string[], field: string): StatisticRow[] {
  return names.map((name) => {
    try {
      return statisticRow(name);
    } catch (cause) {
      throw new CodedError(
        'convert/config',
        { field, problem: `no statistic is called ${name}` },
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
  const rows = rowsOf(checkpoint.config.motion.statistics, 'motion_config.statistics');
  if (motionFrames(profile) % 2 !== 0) {
    throw new CodedError('convert/config', {
      field: 'motion_config.statistics',
      problem: 'need an even number of frames',
    });
  }
  return g.scope('statistics', () => {
    const context = new StatisticsContext(g, profile, pixels, MAPS);
    const raw = rawStatistics(context, rows);
    const [mean, std] = ['mean', 'std'].map((part) => vector(g, checkpoint, `motion_statistics.${part}`));
    const standard = clip(g, div(g, sub(g, raw, mean!), std!), -statisticLimit, statisticLimit);
    return g.reshape(standard, [1, rows.length]);
  });
}

/** [n] in the order of the rows. Rows with the same `time` are reduced together; a gather restores the order. */
function rawStatistics(context: StatisticsContext, rows: readonly StatisticRow[]): string {
  const { g } = context;
  const groups = new Map<string, { row: StatisticRow; index: number; series: Series }[]>();
  for (const [index, row] of rows.entries()) {
    const each = series(context, row);
    const key = JSON.stringify([row.time, each.count]);
    groups.set(key, [...(groups.get(key) ?? []), { row, index, series: each }]);
  }
  const order: number[] = [];
  const reduced = [...groups.values()].map((group) => {
    const [first] = group as [(typeof group)[number]];
    for (const { index } of group) order.push(index);
    const values = group.map((each) => each.series.value);
    return overTime(context, g.concat(values, 0), first.series.count, first.row.time);
  });
  const indices = rows.map((_, index) => order.indexOf(index));
  return g.gather(g.concat(reduced, 0), g.integers(indices), 0);
}
