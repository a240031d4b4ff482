/**
 * The quality head as graph nodes: the input `quality_features`, [2, n] of values and 1 where a value is there, becomes an
 * addition to the motion token. Its weights stay float32 in every target and type: the score rests on them, and they are few.
 */
import type { Checkpoint } from './checkpoint.ts';
import type { Graph } from './graph.ts';
import { linear } from './linear.ts';
import { matrixOf } from './matrix.ts';
import { denseLayer, vector } from './parts.ts';
import { clip, div, sub } from './statistics/arithmetic.ts';

/** Largest standardised feature. */
const LIMIT = 4;

const EXACT = { kind: 'float32' } as const;

/** @returns [1, D] */
export function qualityHead(g: Graph, checkpoint: Checkpoint): string {
  const { quality_features: names, quality_outputs: outputs } = checkpoint.config.motion;
  const features = g.input('quality_features', 'float32', [2, names.length]);
  return g.scope('quality_head', () => {
    const [low, high, mean, deviation] = ['low', 'high', 'mean', 'deviation'].map((part) =>
      vector(g, checkpoint, `quality_head.${part}`),
    ) as [string, string, string, string];
    const bounded = g.node('Min', [g.node('Max', [g.slice(features, 0, 1, 0), low]), high]);
    const standard = clip(g, div(g, sub(g, bounded, mean), deviation), -LIMIT, LIMIT);
    const present = g.mul(standard, g.slice(features, 1, 2, 0));
    const hidden = g.relu(denseLayer(g, checkpoint, present, 'quality_head.inner', EXACT));
    const predicted = denseLayer(g, checkpoint, hidden, 'quality_head.outer', EXACT);
    g.tap('quality_head', predicted, [1, outputs]);
    const embedding = 'quality_head.embedding.weight';
    return linear(g, predicted, embedding, matrixOf(checkpoint, embedding), EXACT);
  });
}
