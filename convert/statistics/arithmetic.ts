/** Arithmetic of the statistics on values of a graph; each function appends its nodes and returns the result's name. */
import type { Ramp } from '../../core/sampling/statistics.ts';
import type { Graph } from '../graph.ts';

/** Added to a variance before its square root, for deviations over fragments or time. */
const VARIANCE_FLOOR = 1e-8;

export function clip(g: Graph, x: string, low: number, high: number): string {
  return g.node('Clip', [x, g.floats([low], []), g.floats([high], [])]);
}

/** x · factor */
export function scaled(g: Graph, x: string, factor: number): string {
  return g.mul(x, g.floats([factor], []));
}

/** x + term */
export function plus(g: Graph, x: string, term: number): string {
  return g.add(x, g.floats([term], []));
}

export function sub(g: Graph, a: string, b: string): string {
  return g.node('Sub', [a, b]);
}

export function div(g: Graph, a: string, b: string): string {
  return g.node('Div', [a, b]);
}

export function abs(g: Graph, x: string): string {
  return g.node('Abs', [x]);
}

export function neg(g: Graph, x: string): string {
  return g.node('Neg', [x]);
}

/** log(x + ε) */
export function log(g: Graph, x: string, epsilon: number): string {
  return g.node('Log', [plus(g, x, epsilon)]);
}

export function reduce(
  g: Graph,
  kind: 'Mean' | 'Min' | 'Max',
  x: string,
  axes: readonly number[],
  keepdims = 0,
): string {
  return g.node(`Reduce${kind}`, [x, g.integers(axes)], { keepdims });
}

/** Population standard deviation along one axis, around its mean: √(mean (x − mean x)² + 1e-8). */
export function standardDeviation(g: Graph, x: string, axis: number): string {
  const offset = sub(g, x, reduce(g, 'Mean', x, [axis], 1));
  const variance = reduce(g, 'Mean', g.mul(offset, offset), [axis]);
  return g.node('Sqrt', [plus(g, variance, VARIANCE_FLOOR)]);
}

/** Standard deviation from two moments, over pixels: √(max(mean x² − (mean x)², 0) + 1e-6). */
export function deviationFromMoments(g: Graph, x: string, axes: readonly number[]): string {
  const mean = reduce(g, 'Mean', x, axes);
  const spread = sub(g, reduce(g, 'Mean', g.mul(x, x), axes), g.mul(mean, mean));
  return g.node('Sqrt', [plus(g, g.relu(spread), 1e-6)]);
}

/** Soft indicator of a threshold, 0 … 1, linear over `width` around it. */
export function ramp(g: Graph, x: string, rule: Ramp): string {
  const above = 'above' in rule ? plus(g, x, -rule.above) : plus(g, neg(g, x), rule.below);
  return clip(g, plus(g, scaled(g, above, 1 / rule.width), 0.5), 0, 1);
}
