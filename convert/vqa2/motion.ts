/**
 * The fast pathway and `slowfast_projector`: pixel_values [T, 3, S, S] of T neighbouring dense frames, position_ids i64
 * [T] → motion_features [T, D]. Frames before the first and after the last count as zero, so that of a part of a clip
 * only those features are right that have `halo` neighbours on each side or the clip's end.
 */
import { derivedSizes } from '../../core/vqa2/config.ts';
import { Graph, type GraphOptions } from '../graph.ts';
import { MotionLowering } from '../slowfast.ts';
import type { WeightFormats } from '../weight-formats.ts';
import { fastPlan, type Vqa2Checkpoint } from './checkpoint.ts';
import { projector } from './vision.ts';

export function fastMotionEncoder(
  checkpoint: Vqa2Checkpoint,
  formats: WeightFormats,
  options: GraphOptions = {},
): Graph {
  const { vision: v, text, motion } = checkpoint.config;
  const { features } = derivedSizes(checkpoint.config);
  const g = new Graph('motion_encoder', options);
  const pixels = g.input('pixel_values', 'float32', ['frames', 3, v.image_size, v.image_size]);
  const positions = g.input('position_ids', 'int64', ['frames']);
  const lowering = new MotionLowering(g, checkpoint, formats);
  const { stems, stages } = fastPlan(checkpoint.config);
  let fast = lowering.stem({ value: pixels, frames: null, channels: 3, side: v.image_size }, stems.fast);
  const tap = (block: number) =>
    g.tap(`slowfast.${block}.fast`, fast.value, ['frames', fast.channels, fast.side, fast.side]);
  tap(0);
  for (const [s, blocks] of stages.fast.entries()) {
    g.scope(`stage.${s + 1}`, () => {
      for (const block of blocks) fast = lowering.bottleneck(fast, block);
    });
    tap(s + 1);
  }
  const pooled = g.node('ReduceMean', [fast.value, g.integers([2, 3])], { keepdims: 0 });
  g.tap('slowfast.pooled', pooled, ['frames', features]);
  const name = 'model.slowfast.position_embedding.weight';
  const table = g.weight(name, 'float32', [motion.positions, features], () => checkpoint.tensor(name));
  const placed = g.add(pooled, g.gather(table, positions, 0));
  g.tap('slowfast.out', placed, ['frames', features]);
  const tokens = projector(g, checkpoint, placed, 'model.slowfast_projector', formats);
  g.output('motion_features', tokens, 'float32', ['frames', text.hidden_size]);
  return g;
}
