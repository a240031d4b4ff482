/** Colour planes of the frames, cut into fragments, at every scale. */
import { lumaWeights } from '../../core/sampling/statistics.ts';
import { scaled, sub } from './arithmetic.ts';
import type { PositionMap, StatisticsContext } from './context.ts';

export type PlaneName = 'luma' | 'cb' | 'cr' | 'saturation';

/** Cb and Cr of BT.601: (B − Y) and (R − Y) scaled to ±0.5. */
const [CB_SCALE, CR_SCALE] = [0.564, 0.713];

/** Pixels of a frame, [T, 1, S, S], to [T, G², cell, cell]. */
function cut({ g, frames, grid, cell }: StatisticsContext, x: string): string {
  if (grid === 1) return x;
  const cells = g.reshape(x, [frames, grid, cell, grid, cell]);
  return g.reshape(g.transpose(cells, [0, 1, 3, 2, 4]), [frames, grid * grid, cell, cell]);
}

/** Luma before the cut, [T, 1, S, S]. */
function wholeLuma(context: StatisticsContext): string {
  const { g, rgb } = context;
  return context.once('Y', () => {
    const [red, green, blue] = rgb.map((x, i) => scaled(g, x, lumaWeights[i]!));
    return g.add(g.add(red!, green!), blue!);
  });
}

const PLANES: Readonly<Record<PlaneName, (context: StatisticsContext) => string>> = {
  luma: (context) => wholeLuma(context),
  cb: (context) => scaled(context.g, sub(context.g, context.rgb[2], wholeLuma(context)), CB_SCALE),
  cr: (context) => scaled(context.g, sub(context.g, context.rgb[0], wholeLuma(context)), CR_SCALE),
  saturation: ({ g, rgb }) => sub(g, g.node('Max', rgb), g.node('Min', rgb)),
};

/** A plane averaged over blocks of scale × scale pixels. */
export function plane(context: StatisticsContext, name: PlaneName, scale: number): PositionMap {
  const { g, frames, cell } = context;
  const side = cell / scale;
  const native = context.once(name, () => cut(context, PLANES[name](context)));
  const pool = { kernel_shape: [scale, scale], strides: [scale, scale] };
  const value = scale === 1 ? native : g.node('AveragePool', [native], pool);
  return { kind: 'positions', value, count: frames, height: side, width: side };
}
