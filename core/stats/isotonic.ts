/**
 * Isotonic regression: the monotone map of least squares, by pooling adjacent violators (Barlow et al., 1972). Ours.
 */
import { CodedError } from '../errors.ts';
import type { CalibrationMap } from '../files/calibration.ts';

/** Piecewise linear through the knots, constant outside them; x ascends strictly. */
export type Isotonic = Pick<CalibrationMap & { readonly kind: 'isotonic' }, 'x' | 'y'>;

interface Block {
  /** Sums over the pairs of the block. */
  n: number;
  x: number;
  y: number;
}

/**
 * The knots are the mean x and mean y of each block, so that the map is continuous. It falls where the pairs do.
 *
 * @param x scores, @param y opinions, same length
 * @throws CodedError `metrics/lengths`, `metrics/too-few` {n, least} of an empty list
 */
export function fitIsotonic(x: readonly number[], y: readonly number[]): Isotonic {
  if (x.length !== y.length)
    throw new CodedError('metrics/lengths', { predictions: x.length, mos: y.length });
  if (x.length === 0) throw new CodedError('metrics/too-few', { n: 0, least: 1 });
  const sign = covariance(x, y) < 0 ? -1 : 1;
  const order = [...x.keys()].sort((a, b) => x[a]! - x[b]!);
  const blocks: Block[] = [];
  let last: number | null = null;
  for (const i of order) {
    const tied = blocks.at(-1);
    // Equal scores are one point: the map has one value there.
    if (tied && last === x[i]) add(tied, { n: 1, x: x[i]!, y: sign * y[i]! });
    else blocks.push({ n: 1, x: x[i]!, y: sign * y[i]! });
    last = x[i]!;
  }
  const pooled: Block[] = [];
  for (const block of blocks) {
    pooled.push(block);
    for (;;) {
      const [before, after] = [pooled.at(-2), pooled.at(-1)];
      if (!before || !after || before.y / before.n < after.y / after.n) break;
      add(before, after);
      pooled.pop();
    }
  }
  return {
    x: pooled.map((block) => block.x / block.n),
    y: pooled.map((block) => (sign * block.y) / block.n),
  };
}

function add(into: Block, block: Block): void {
  into.n += block.n;
  into.x += block.x;
  into.y += block.y;
}

function covariance(x: readonly number[], y: readonly number[]): number {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return x.reduce((sum, value, i) => sum + (value - mean) * y[i]!, 0);
}

/** The value of the map at a score. */
export function isotonicAt({ x, y }: Isotonic, at: number): number {
  const after = x.findIndex((knot) => knot >= at);
  if (after === 0) return y[0]!;
  if (after < 0) return y.at(-1)!;
  const share = (at - x[after - 1]!) / (x[after]! - x[after - 1]!);
  return y[after - 1]! + share * (y[after]! - y[after - 1]!);
}
