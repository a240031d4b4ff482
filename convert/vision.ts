/**
 * The vision encoder and `mlp1`: pixel_values [n, 3, S, S] → image_features [n, tokens, D]. The encoder is InternViT with
 * pixel shuffle, or closed-form values of each fragment where the config names any.
 */
import type { Profile } from '../core/sampling/profiles.ts';
import type { Checkpoint } from './checkpoint.ts';
import { Graph, type GraphOptions } from './graph.ts';
import { toFloat16 } from './numbers.ts';
import { denseLayer, layerNorm, projector, vector } from './parts.ts';
import { resizeGrid } from './position-embedding.ts';
import { fragmentValues } from './statistics/fragment-values.ts';
import type { WeightFormats } from './weight-formats.ts';

const embeddings = 'vision_model.embeddings';

export function visionEncoder(
  checkpoint: Checkpoint,
  profile: Profile,
  formats: WeightFormats,
  options: GraphOptions = {},
): Graph {
  const { vision: v, text } = checkpoint.config;
  const g = new Graph('vision_encoder', options);
  const pixels = g.input('pixel_values', 'float32', ['batch_size', 3, profile.size, profile.size]);
  let x: string;
  if (v.statistics.length > 0) {
    x = fragmentValues(g, checkpoint, profile, pixels);
    g.tap('vision_statistics', x, ['batch_size', profile.tokensPerFrame, v.statistics.length]);
  } else {
    x = transformer(g, checkpoint, profile, pixels, formats);
  }
  const features = projector(g, checkpoint, x, 'mlp1', formats.encoder);
  g.output('image_features', features, 'float32', ['batch_size', profile.tokensPerFrame, text.hidden_size]);
  return g;
}

/** InternViT and pixel shuffle: [n, patches / 4, 4 · width]. */
function transformer(
  g: Graph,
  checkpoint: Checkpoint,
  profile: Profile,
  pixels: string,
  formats: WeightFormats,
): string {
  const { vision: v } = checkpoint.config;
  const width = v.hidden_size;
  const side = profile.size / v.patch_size;
  const patches = side * side;
  let x = patchEmbedding(g, checkpoint, pixels, side, formats);
  g.tap('vit.embeddings', x, ['batch_size', 1 + patches, width]);
  for (let i = 0; i < v.num_hidden_layers; i++) {
    x = g.scope(`layers.${i}`, () => layer(g, checkpoint, x, i, formats));
    g.tap(`vit.layers.${i}`, x, ['batch_size', 1 + patches, width]);
  }
  // Pixel shuffle: the two patches of a row are adjacent already; only the two rows of a token must be joined.
  x = g.slice(x, 1, 1 + patches, 1);
  x = g.transpose(g.reshape(x, [-1, 2, side / 2, 2 * width]), [0, 2, 1, 3]);
  x = g.reshape(x, [-1, patches / 4, 4 * width]);
  g.tap('pixel_shuffle', x, ['batch_size', patches / 4, 4 * width]);
  return x;
}

/** Patches as a convolution; the class token and the positions, which depend on the size alone, as constants. */
function patchEmbedding(
  g: Graph,
  checkpoint: Checkpoint,
  pixels: string,
  side: number,
  formats: WeightFormats,
): string {
  const { vision: v } = checkpoint.config;
  const width = v.hidden_size;
  const name = `${embeddings}.patch_embedding.weight`;
  const shape = checkpoint.shape(name);
  const half = formats.convolution === 'float16';
  const stored = g.weight(
    name,
    formats.convolution,
    shape,
    async () => {
      const values = await checkpoint.tensor(name);
      return half ? toFloat16(values) : values;
    },
    shape.reduce((n, d) => n * d, 4),
  );
  const kernel = half ? g.cast(stored, 'float32') : stored;
  const bias = vector(g, checkpoint, `${embeddings}.patch_embedding.bias`);
  const strides = [v.patch_size, v.patch_size];
  const grid = g.node('Conv', [pixels, kernel, bias], { kernel_shape: strides, strides });
  const tokens = g.transpose(g.reshape(grid, [0, width, side * side]), [0, 2, 1]);

  const from = v.image_size / v.patch_size;
  const positions = () => checkpoint.tensor(`${embeddings}.position_embedding`);
  const placed = g.add(
    tokens,
    g.weight(`${embeddings}.position_embedding`, 'float32', [1, side * side, width], async () =>
      resizeGrid((await positions()).subarray(width), from, side, width),
    ),
  );
  const first = g.weight(`${embeddings}.class_embedding`, 'float32', [1, 1, width], async () => {
    const [token, position] = [await checkpoint.tensor(`${embeddings}.class_embedding`), await positions()];
    return token.map((value, i) => value + position[i]!);
  });
  const batch = g.node('Shape', [pixels], { start: 0, end: 1 });
  const target = g.concat([batch, g.integers([1, width])], 0);
  return g.concat([g.node('Expand', [first, target]), placed], 1);
}

function layer(g: Graph, checkpoint: Checkpoint, x: string, index: number, formats: WeightFormats): string {
  const { vision: v } = checkpoint.config;
  const name = `vision_model.encoder.layers.${index}`;
  const heads = v.num_attention_heads;
  const size = v.hidden_size / heads;
  const normed = layerNorm(g, checkpoint, x, `${name}.norm1`, v.layer_norm_eps);
  const qkv = denseLayer(g, checkpoint, normed, `${name}.attn.qkv`, formats.encoder);
  const [q, k, value] = g
    .split(qkv, [v.hidden_size, v.hidden_size, v.hidden_size], -1)
    .map((y) => g.reshape(y, [0, 0, heads, size]));
  const scaled = g.mul(g.transpose(q!, [0, 2, 1, 3]), g.floats([size ** -0.5], []));
  const weights = g.softmax(g.matmul(scaled, g.transpose(k!, [0, 2, 3, 1])));
  const mixed = g.matmul(weights, g.transpose(value!, [0, 2, 1, 3]));
  const joined = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [0, 0, v.hidden_size]);
  const attended = g.add(
    x,
    denseLayer(g, checkpoint, joined, `${name}.attn.proj`, formats.encoder, `${name}.ls1`),
  );

  const again = layerNorm(g, checkpoint, attended, `${name}.norm2`, v.layer_norm_eps);
  const middle = g.gelu(denseLayer(g, checkpoint, again, `${name}.mlp.fc1`, formats.encoder));
  return g.add(
    attended,
    denseLayer(g, checkpoint, middle, `${name}.mlp.fc2`, formats.encoder, `${name}.ls2`),
  );
}
