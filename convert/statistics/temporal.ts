/** Frames of the pairs, and the changes within a pair and over the gap between two pairs. */
import { abs, log, reduce, sub } from './arithmetic.ts';
import type { PositionMap, StatisticsContext } from './context.ts';

/** Added to a fragment's mean change before its logarithm, where two changes are compared. */
const CHANGE_FLOOR = 2e-3;

/** Luma of all frames, of the first frames of the pairs, and of their second frames. */
export interface LumaFrames {
  readonly luma: PositionMap;
  readonly first: PositionMap;
  readonly second: PositionMap;
}

/** Every second frame of a [T, …] map, `count` of them from `first` on. */
function everySecond(
  context: StatisticsContext,
  map: PositionMap,
  first: number,
  count: number,
): PositionMap {
  const { g } = context;
  const indices = Array.from({ length: count }, (_, i) => first + 2 * i);
  const value = context.once(`${map.value}@${first}/${count}`, () =>
    g.gather(map.value, g.integers(indices), 0),
  );
  return { ...map, value, count };
}

export function lumaFrames(context: StatisticsContext, scale: number): LumaFrames {
  const luma = context.positions('luma', scale);
  if (context.frames === 0) return { luma, first: luma, second: luma };
  const first = everySecond(context, luma, 0, context.pairs);
  return { luma, first, second: everySecond(context, luma, 1, context.pairs) };
}

function signed({ g }: StatisticsContext, later: PositionMap, earlier: PositionMap): PositionMap {
  return { ...later, value: sub(g, later.value, earlier.value) };
}

/** Second frame of a pair less its first. */
export function pairChange(context: StatisticsContext, { first, second }: LumaFrames): PositionMap {
  return signed(context, second, first);
}

/** First frame of a pair less the last of the pair before: over the gap between them. */
export function gapChange(context: StatisticsContext, { luma }: LumaFrames): PositionMap {
  const gaps = context.pairs - 1;
  const later = everySecond(context, luma, 2, gaps);
  return signed(context, later, everySecond(context, luma, 1, gaps));
}

/** Logarithm of a fragment's mean absolute change: [M, G², 1, 1]. */
function logChange(
  context: StatisticsContext,
  key: string,
  later: PositionMap,
  earlier: PositionMap,
): PositionMap {
  const { g } = context;
  const value = context.once(key, () =>
    log(g, reduce(g, 'Mean', abs(g, sub(g, later.value, earlier.value)), [2, 3], 1), CHANGE_FLOOR),
  );
  return { kind: 'positions', value, count: later.count, height: 1, width: 1 };
}

function gapLogChange(context: StatisticsContext, luma: PositionMap, scale: number): PositionMap {
  const gaps = context.pairs - 1;
  const later = everySecond(context, luma, 2, gaps);
  return logChange(context, `gaps/${scale}`, later, everySecond(context, luma, 1, gaps));
}

/** Log of the change within a pair, less that over the gap before it. */
export function pairAgainstGap(context: StatisticsContext, { luma }: LumaFrames, scale: number): PositionMap {
  const gap = gapLogChange(context, luma, scale);
  const pairs = context.pairs - 1;
  const later = everySecond(context, luma, 3, pairs);
  const pair = logChange(context, `pairs/${scale}`, later, everySecond(context, luma, 2, pairs));
  return signed(context, pair, gap);
}

/** Log of the change over a whole pair with the gaps on both sides, less that over the gap before it. */
export function leapAgainstGap(context: StatisticsContext, { luma }: LumaFrames, scale: number): PositionMap {
  const { g } = context;
  const gap = gapLogChange(context, luma, scale);
  const leaps = context.pairs - 2;
  const later = everySecond(context, luma, 4, leaps);
  const leap = logChange(context, `leaps/${scale}`, later, everySecond(context, luma, 1, leaps));
  return { ...leap, value: sub(g, leap.value, g.slice(gap.value, 0, leaps, 0)) };
}
