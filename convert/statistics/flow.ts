/** Ratios of two means over a fragment: displacement, autocorrelation of edges, overshoot beside edges. */
import { abs, clip, neg, plus, reduce, scaled, sub } from './arithmetic.ts';
import type { Axis, Ratio, StatisticsContext } from './context.ts';
import { differences, window, windowAlong } from './filters.ts';
import type { LumaFrames } from './temporal.ts';

/** Added to the flow's squared slopes. */
const SLOPE_FLOOR = 1e-4;
/** Added to the energy of edges. */
const ENERGY_FLOOR = 1e-5;

/** Luma over two pixels where an edge begins to count. */
const STRONG_EDGE = 0.08;
/** Distances from an edge in pixels, of the sides that are compared. */
const HALO_REACH = { near: [2, 5], far: [4, 9] } as const;

/** Both sides averaged over the positions of each fragment. */
function ratioOfMeans(
  { g }: StatisticsContext,
  count: number,
  numerator: string,
  denominator: string,
): Ratio {
  const [over, under] = [numerator, denominator].map((x) => reduce(g, 'Mean', x, [2, 3], 1));
  return { kind: 'ratio', count, numerator: over!, denominator: under! };
}

/** Displacement within a pair in pixels of this scale: least squares over a fragment's positions. */
export function flow(
  context: StatisticsContext,
  { first, second }: LumaFrames,
  scale: number,
  axis: Axis,
): Ratio {
  const { g } = context;
  const change = context.positions('pair_signed', scale);
  const middle = {
    ...first,
    value: context.once(`middle/${scale}`, () => scaled(g, g.add(first.value, second.value), 0.5)),
  };
  const ahead = axis === 'x' ? window(context, middle, 1, 1, 2, 0) : window(context, middle, 2, 0, 1, 1);
  const behind = axis === 'x' ? window(context, middle, 1, 1, 0, 2) : window(context, middle, 0, 2, 1, 1);
  const slope = scaled(g, sub(g, ahead, behind), 0.5);
  const against = neg(g, g.mul(slope, window(context, change, 1, 1, 1, 1)));
  return ratioOfMeans(context, change.count, against, plus(g, g.mul(slope, slope), SLOPE_FLOOR));
}

/** Autocorrelation of the differences `lag` positions apart, over both axes: ringing and ghosts. */
export function echo(context: StatisticsContext, { first }: LumaFrames, scale: number, lag: number): Ratio {
  const { g } = context;
  const [x, y] = [differences(context, first, 'x'), differences(context, first, 'y')];
  const mean = (value: string) => reduce(g, 'Mean', value, [2, 3], 1);
  const along = g.mul(window(context, x, 0, 0, lag, 0), window(context, x, 0, 0, 0, lag));
  const down = g.mul(window(context, y, lag, 0, 0, 0), window(context, y, 0, lag, 0, 0));
  const energy = context.once(`energy/${scale}`, () =>
    plus(g, g.add(mean(g.mul(x.value, x.value)), mean(g.mul(y.value, y.value))), ENERGY_FLOOR),
  );
  return ratioOfMeans(context, first.count, g.add(mean(along), mean(down)), energy);
}

/** Overshoot on the sides of strong edges, as a share of their step: sharpening halos. */
export function halo(
  context: StatisticsContext,
  { first }: LumaFrames,
  axis: Axis,
  reach: keyof typeof HALO_REACH,
): Ratio {
  const { g } = context;
  const [near, far] = HALO_REACH[reach];
  const at = (offset: number) => windowAlong(context, first, axis, far + offset, far - offset);
  const step = sub(g, at(1), at(-1));
  const weight = clip(g, scaled(g, plus(g, abs(g, step), -STRONG_EDGE), 1 / STRONG_EDGE), 0, 1);
  const weighted = g.mul(weight, step);
  const over = sub(g, sub(g, at(near), at(far)), sub(g, at(-near), at(-far)));
  return ratioOfMeans(
    context,
    first.count,
    g.mul(weighted, over),
    plus(g, g.mul(weighted, step), ENERGY_FLOOR),
  );
}
