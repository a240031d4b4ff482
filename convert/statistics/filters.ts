/** Spatial filters on the positions of a fragment. None reaches over a fragment's border: results are smaller. */
import { abs, scaled, sub } from './arithmetic.ts';
import type { Axis, PositionMap, StatisticsContext } from './context.ts';

/** A part of a map's positions. The numbers are the rows and columns left out on each side. */
export function window(
  context: StatisticsContext,
  map: PositionMap,
  top: number,
  bottom: number,
  left: number,
  right: number,
): string {
  const { g } = context;
  return context.once(`${map.value}[${top},${bottom},${left},${right}]`, () => {
    const axes = [...(top + bottom > 0 ? [2] : []), ...(left + right > 0 ? [3] : [])];
    const from = [...(top + bottom > 0 ? [top] : []), ...(left + right > 0 ? [left] : [])];
    const to = [
      ...(top + bottom > 0 ? [map.height - bottom] : []),
      ...(left + right > 0 ? [map.width - right] : []),
    ];
    return g.node('Slice', [map.value, g.integers(from), g.integers(to), g.integers(axes)]);
  });
}

/** A window that leaves out positions along one axis only. */
export function windowAlong(
  context: StatisticsContext,
  map: PositionMap,
  axis: Axis,
  before: number,
  after: number,
): string {
  return axis === 'x' ? window(context, map, 0, 0, before, after) : window(context, map, before, after, 0, 0);
}

export function absolute({ g }: StatisticsContext, map: PositionMap): PositionMap {
  return { ...map, value: abs(g, map.value) };
}

/** The result of a 3 × 3 filter. */
function inner(map: PositionMap, value: string): PositionMap {
  return { ...map, value, height: map.height - 2, width: map.width - 2 };
}

/** Signed differences of neighbours along an axis. */
export function differences(context: StatisticsContext, map: PositionMap, axis: Axis): PositionMap {
  const value = context.once(`${map.value} d${axis}`, () =>
    sub(context.g, windowAlong(context, map, axis, 1, 0), windowAlong(context, map, axis, 0, 1)),
  );
  return axis === 'x' ? { ...map, value, width: map.width - 1 } : { ...map, value, height: map.height - 1 };
}

/** |4 x − its four neighbours| */
export function laplacian(context: StatisticsContext, map: PositionMap): PositionMap {
  const { g } = context;
  const neighbours = [
    window(context, map, 1, 1, 0, 2),
    window(context, map, 1, 1, 2, 0),
    window(context, map, 0, 2, 1, 1),
    window(context, map, 2, 0, 1, 1),
  ];
  const centre = scaled(g, window(context, map, 1, 1, 1, 1), 4);
  return inner(
    map,
    abs(
      g,
      neighbours.reduce((sum, x) => sub(g, sum, x), centre),
    ),
  );
}

/** |second difference along x of the second difference along y| / 4: straight edges and gradients cancel, noise stays. */
export function checker(context: StatisticsContext, map: PositionMap): PositionMap {
  const { g } = context;
  const second = (of: PositionMap, axis: Axis) => {
    const [before, middle, after] = [
      windowAlong(context, of, axis, 0, 2),
      windowAlong(context, of, axis, 1, 1),
      windowAlong(context, of, axis, 2, 0),
    ];
    return g.add(sub(g, before!, scaled(g, middle!, 2)), after!);
  };
  const along = { ...map, value: second(map, 'x'), width: map.width - 2 };
  return inner(map, scaled(g, abs(g, second(along, 'y')), 0.25));
}

/** Line alternation of interlacing: a fourth difference down the columns less the one along the rows. */
export function comb(context: StatisticsContext, map: PositionMap): PositionMap {
  const { g } = context;
  const alternating = (at: (i: number) => string) => {
    const outer = g.add(at(0), at(4));
    const middle = scaled(g, g.add(at(1), at(3)), 3);
    const sum = g.add(sub(g, outer, middle), scaled(g, at(2), 4));
    return scaled(g, abs(g, sum), 1 / 12);
  };
  const down = alternating((i) => window(context, map, i, 4 - i, 2, 2));
  const along = alternating((i) => window(context, map, 2, 2, i, 4 - i));
  return { ...map, value: sub(g, down, along), height: map.height - 4, width: map.width - 4 };
}

/** Positions along a block boundary whose steps are averaged. */
const SEAM_LENGTH = 8;

/** Steps of straight boundaries: a difference less the mean of its neighbours, averaged along the boundary. */
export function seam(context: StatisticsContext, map: PositionMap, axis: Axis): PositionMap {
  const { g } = context;
  const step = differences(context, map, axis);
  const [before, middle, after] = [0, 1, 2].map((i) => windowAlong(context, step, axis, i, 2 - i));
  const lone = sub(g, middle!, scaled(g, g.add(before!, after!), 0.5));
  const kernel = axis === 'x' ? ([SEAM_LENGTH, 1] as const) : ([1, SEAM_LENGTH] as const);
  const pooled = g.node('AveragePool', [lone], { kernel_shape: kernel, strides: kernel });
  const [height, width] = axis === 'x' ? [step.height, step.width - 2] : [step.height - 2, step.width];
  return {
    ...step,
    value: abs(g, pooled),
    height: Math.floor(height / kernel[0]),
    width: Math.floor(width / kernel[1]),
  };
}

/** Means over blocks of size × size positions. */
export function blocks({ g }: StatisticsContext, map: PositionMap, size: number): PositionMap {
  const pool = { kernel_shape: [size, size], strides: [size, size] };
  const [height, width] = [map.height, map.width].map((n) => Math.floor(n / size)) as [number, number];
  return { ...map, value: g.node('AveragePool', [map.value], pool), height, width };
}
