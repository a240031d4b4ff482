/**
 * SigLIP, `mm_projector` and pooling: pixel_values [n, 3, S, S] → image_features [n, m², D], patch_features [n, P, D]
 * (for images, which are not pooled) and image_newline [D].
 */
import { derivedSizes } from '../../core/vqa2/config.ts';
import { Graph, type GraphOptions } from '../graph.ts';
import { toFloat16 } from '../numbers.ts';
import { denseLayer, layerNorm, vector } from '../parts.ts';
import type { WeightFormats } from '../weight-formats.ts';
import { tower, type Vqa2Checkpoint } from './checkpoint.ts';

export function siglipEncoder(
  checkpoint: Vqa2Checkpoint,
  formats: WeightFormats,
  options: GraphOptions = {},
): Graph {
  const { vision: v, text } = checkpoint.config;
  const { grid, pooled } = derivedSizes(checkpoint.config);
  const patches = grid ** 2;
  const g = new Graph('vision_encoder', options);
  const pixels = g.input('pixel_values', 'float32', ['batch_size', 3, v.image_size, v.image_size]);
  let x = embeddings(g, checkpoint, pixels, patches, formats);
  for (let i = 0; i < v.num_hidden_layers; i++) {
    x = g.scope(`layers.${i}`, () => layer(g, checkpoint, x, i, formats));
    g.tap(`vit.layers.${i}`, x, ['batch_size', patches, v.hidden_size]);
  }
  const tokens = projector(g, checkpoint, x, 'model.mm_projector', formats);
  g.output('patch_features', tokens, 'float32', ['batch_size', patches, text.hidden_size]);
  const weights = g.values('pooling', [pooled ** 2, patches], bilinearWeights(grid, pooled));
  const features = g.matmul(weights, tokens);
  g.output('image_features', features, 'float32', ['batch_size', pooled ** 2, text.hidden_size]);
  const newline = g.node('Identity', [vector(g, checkpoint, 'model.image_newline')]);
  g.output('image_newline', newline, 'float32', [text.hidden_size]);
  return g;
}

/** Linear, exact GELU, linear. */
export function projector(
  g: Graph,
  checkpoint: Vqa2Checkpoint,
  x: string,
  name: string,
  formats: WeightFormats,
): string {
  const middle = g.gelu(denseLayer(g, checkpoint, x, `${name}.0`, formats.encoder));
  return denseLayer(g, checkpoint, middle, `${name}.2`, formats.encoder);
}

function embeddings(
  g: Graph,
  checkpoint: Vqa2Checkpoint,
  pixels: string,
  patches: number,
  formats: WeightFormats,
): string {
  const { vision: v } = checkpoint.config;
  const name = `${tower}.embeddings.patch_embedding`;
  const shape = checkpoint.shape(`${name}.weight`);
  const half = formats.convolution === 'float16';
  const stored = g.weight(
    `${name}.weight`,
    formats.convolution,
    shape,
    async () => {
      const values = await checkpoint.tensor(`${name}.weight`);
      return half ? toFloat16(values) : values;
    },
    shape.reduce((n, d) => n * d, 4),
  );
  const kernel = half ? g.cast(stored, 'float32') : stored;
  const strides = [v.patch_size, v.patch_size];
  const maps = g.node('Conv', [pixels, kernel, vector(g, checkpoint, `${name}.bias`)], {
    kernel_shape: strides,
    strides,
  });
  const tokens = g.transpose(g.reshape(maps, [0, v.hidden_size, patches]), [0, 2, 1]);
  g.tap('vit.patch_conv', tokens, ['batch_size', patches, v.hidden_size]);
  const positions = `${tower}.embeddings.position_embedding.weight`;
  const x = g.add(
    tokens,
    g.weight(positions, 'float32', [1, patches, v.hidden_size], () => checkpoint.tensor(positions)),
  );
  g.tap('vit.embeddings', x, ['batch_size', patches, v.hidden_size]);
  return x;
}

function layer(
  g: Graph,
  checkpoint: Vqa2Checkpoint,
  x: string,
  index: number,
  formats: WeightFormats,
): string {
  const { vision: v } = checkpoint.config;
  const name = `${tower}.encoder.layers.${index}`;
  const [heads, size] = [v.num_attention_heads, v.hidden_size / v.num_attention_heads];
  const normed = layerNorm(g, checkpoint, x, `${name}.layer_norm1`, v.layer_norm_eps);
  const project = (part: string) =>
    g.reshape(denseLayer(g, checkpoint, normed, `${name}.self_attn.${part}`, formats.encoder), [
      0,
      0,
      heads,
      size,
    ]);
  const query = g.mul(g.transpose(project('q_proj'), [0, 2, 1, 3]), g.floats([size ** -0.5], []));
  const weights = g.softmax(g.matmul(query, g.transpose(project('k_proj'), [0, 2, 3, 1])));
  const mixed = g.matmul(weights, g.transpose(project('v_proj'), [0, 2, 1, 3]));
  const joined = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [0, 0, v.hidden_size]);
  const attended = g.add(x, denseLayer(g, checkpoint, joined, `${name}.self_attn.out_proj`, formats.encoder));
  const again = layerNorm(g, checkpoint, attended, `${name}.layer_norm2`, v.layer_norm_eps);
  const middle = g.node('Gelu', [denseLayer(g, checkpoint, again, `${name}.mlp.fc1`, formats.encoder)], {
    approximate: 'tanh',
  });
  return g.add(attended, denseLayer(g, checkpoint, middle, `${name}.mlp.fc2`, formats.encoder));
}

/** Weights [m², n²] of torch's bilinear resize of an n × n grid to m × m (corners not aligned, no antialiasing). */
export function bilinearWeights(from: number, to: number): Float32Array {
  const axis = Array.from({ length: to }, (_, k) => {
    const position = Math.max(0, ((k + 0.5) * from) / to - 0.5);
    const first = Math.min(Math.floor(position), from - 1);
    const second = Math.min(first + 1, from - 1);
    const share = position - first;
    const row = new Float64Array(from);
    row[first] = row[first]! + 1 - share;
    row[second] = row[second]! + share;
    return row;
  });
  const out = new Float32Array(to * to * from * from);
  for (const [p, rows] of axis.entries())
    for (const [q, columns] of axis.entries())
      for (let y = 0; y < from; y++)
        for (let x = 0; x < from; x++) out[((p * to + q) * from + y) * from + x] = rows[y]! * columns[x]!;
  return out;
}
