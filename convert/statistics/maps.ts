/**
 * The lowering of each map of `core/sampling/statistics.json`.
 *
 * To add a map: its formula to `maps` of the JSON, its lowering here (a missing one is a type error), the same formula in
 * torch (`modules/statistic_maps.py`), and rows that use it. The conformance tests compare the two on random weights.
 */
import type { MapTable, PositionMap, Ratio, StatisticsContext } from './context.ts';
import { absolute, blocks, checker, comb, differences, laplacian, seam } from './filters.ts';
import { echo, flow, halo } from './flow.ts';
import { plane } from './planes.ts';
import {
  gapChange,
  type LumaFrames,
  leapAgainstGap,
  lumaFrames,
  pairAgainstGap,
  pairChange,
} from './temporal.ts';

type Lowering<M extends PositionMap | Ratio> = (context: StatisticsContext, scale: number) => M;

/**
 * A lowering that is given the luma of the frames. They are lowered before anything else of the map, needed or not: the
 * order of nodes is part of the bytes of a released graph.
 */
function ofFrames<M extends PositionMap | Ratio>(
  lower: (context: StatisticsContext, frames: LumaFrames, scale: number) => M,
): Lowering<M> {
  return (context, scale) => lower(context, lumaFrames(context, scale), scale);
}

/** Side in positions of the blocks that changes, and the checker filter, are averaged over. */
const [CHANGE_BLOCK, CHECKER_BLOCK] = [8, 10];

export const MAPS: MapTable = {
  positions: {
    luma: (context, scale) => plane(context, 'luma', scale),
    cb: (context, scale) => plane(context, 'cb', scale),
    cr: (context, scale) => plane(context, 'cr', scale),
    saturation: (context, scale) => plane(context, 'saturation', scale),
    dx: ofFrames((context, { luma }) => absolute(context, differences(context, luma, 'x'))),
    dy: ofFrames((context, { luma }) => absolute(context, differences(context, luma, 'y'))),
    laplacian: ofFrames((context, { luma }) => laplacian(context, luma)),
    checker: ofFrames((context, { luma }) => checker(context, luma)),
    chroma_laplacian: ofFrames((context, _, scale) => {
      const cb = laplacian(context, context.positions('cb', scale));
      const cr = laplacian(context, context.positions('cr', scale));
      return { ...cb, value: context.g.add(cb.value, cr.value) };
    }),
    comb: ofFrames((context, { first }) => comb(context, first)),
    seam_x: ofFrames((context, { first }) => seam(context, first, 'x')),
    seam_y: ofFrames((context, { first }) => seam(context, first, 'y')),
    pair_signed: ofFrames((context, frames) => pairChange(context, frames)),
    pair: ofFrames((context, _, scale) => absolute(context, context.positions('pair_signed', scale))),
    pair_checker: ofFrames((context, _, scale) => checker(context, context.positions('pair_signed', scale))),
    gap_signed: ofFrames((context, frames) => gapChange(context, frames)),
    gap: ofFrames((context, _, scale) => absolute(context, context.positions('gap_signed', scale))),
    pair_blocks: blocksOf('pair', CHANGE_BLOCK),
    gap_blocks: blocksOf('gap', CHANGE_BLOCK),
    checker_blocks: blocksOf('checker', CHECKER_BLOCK),
    pair_checker_blocks: blocksOf('pair_checker', CHECKER_BLOCK),
    pair_against_gap: ofFrames(pairAgainstGap),
    leap_against_gap: ofFrames(leapAgainstGap),
  },
  ratios: {
    flow_x: ofFrames((context, frames, scale) => flow(context, frames, scale, 'x')),
    flow_y: ofFrames((context, frames, scale) => flow(context, frames, scale, 'y')),
    echo_1: ofFrames((context, frames, scale) => echo(context, frames, scale, 1)),
    echo_2: ofFrames((context, frames, scale) => echo(context, frames, scale, 2)),
    echo_3: ofFrames((context, frames, scale) => echo(context, frames, scale, 3)),
    echo_4: ofFrames((context, frames, scale) => echo(context, frames, scale, 4)),
    halo_x_near: ofFrames((context, frames) => halo(context, frames, 'x', 'near')),
    halo_y_near: ofFrames((context, frames) => halo(context, frames, 'y', 'near')),
    halo_x_far: ofFrames((context, frames) => halo(context, frames, 'x', 'far')),
    halo_y_far: ofFrames((context, frames) => halo(context, frames, 'y', 'far')),
  },
};

function blocksOf(name: 'pair' | 'gap' | 'checker' | 'pair_checker', size: number): Lowering<PositionMap> {
  return ofFrames((context, _, scale) => blocks(context, context.positions(name, scale), size));
}
