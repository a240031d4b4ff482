/** Pieces that several lowerings share: vectors of the checkpoint, LayerNorm, the two-layer projectors. */
import type { TensorSource } from './checkpoint.ts';
import type { Graph } from './graph.ts';
import { type LinearFormat, linear } from './linear.ts';
import { matrixOf } from './matrix.ts';

/** A vector of the checkpoint as a float32 weight. */
export function vector(g: Graph, checkpoint: TensorSource, name: string): string {
  return g.weight(name, 'float32', [checkpoint.shape(name)[0]!], () => checkpoint.tensor(name));
}

/** x · Wᵀ + b, with a layer scale folded into both where one is named. */
export function denseLayer(
  g: Graph,
  checkpoint: TensorSource,
  x: string,
  name: string,
  format: LinearFormat,
  scale?: string,
): string {
  const matrix = matrixOf(checkpoint, `${name}.weight`, scale);
  const bias = g.weight(`${name}.bias`, 'float32', [matrix.rows], async () => {
    const values = await checkpoint.tensor(`${name}.bias`);
    if (scale === undefined) return values;
    const factors = await checkpoint.tensor(scale);
    return values.map((value, i) => value * factors[i]!);
  });
  return linear(g, x, `${name}.weight`, matrix, format, bias);
}

export function layerNorm(
  g: Graph,
  checkpoint: TensorSource,
  x: string,
  name: string,
  epsilon: number,
): string {
  return g.layerNorm(
    x,
    vector(g, checkpoint, `${name}.weight`),
    vector(g, checkpoint, `${name}.bias`),
    epsilon,
  );
}

/** `mlp1` and `motion_mlp`: LayerNorm with torch's default ε, linear, exact GELU, linear. */
export function projector(
  g: Graph,
  checkpoint: TensorSource,
  x: string,
  name: string,
  format: LinearFormat,
): string {
  const normed = layerNorm(g, checkpoint, x, `${name}.0`, 1e-5);
  return denseLayer(
    g,
    checkpoint,
    g.gelu(denseLayer(g, checkpoint, normed, `${name}.1`, format)),
    `${name}.3`,
    format,
  );
}
