/**
 * A VQA² checkpoint's config.json (`model_type: llava_qwen`). The released file names its vision tower and says nothing
 * of the tower's sizes or the motion network's, which are constants there; two optional additions of ours,
 * `vision_config` and `motion_config`, hold others. Held to the official code by golden-vqa2/tiny: change only with it.
 */
import { z } from 'zod';
import { CodedError } from '../errors.ts';
import { LIMITS, type TextConfig, textSchema, upTo } from '../files/checkpoint.ts';
import { readAs } from '../schema.ts';

const code = 'convert/config';
const width = upTo(LIMITS.width);

/** SigLIP as far as it runs: one layer less than it was trained with, no final norm. */
const vision = z.strictObject({
  hidden_size: width.default(1152),
  num_hidden_layers: upTo(LIMITS.layers).default(26),
  num_attention_heads: upTo(LIMITS.heads).default(16),
  intermediate_size: width.default(4304),
  patch_size: upTo(LIMITS.pixels).default(14),
  image_size: upTo(LIMITS.pixels).default(384),
  layer_norm_eps: z.number().positive().default(1e-6),
});

/** The fast pathway of SlowFast. */
const motion = z.strictObject({
  stem: width.default(8),
  stem_time: upTo(LIMITS.layers).default(5),
  inner: width.default(8),
  expansion: upTo(LIMITS.layers).default(4),
  depths: z.tuple([upTo(64), upTo(64), upTo(64), upTo(64)]).default([3, 4, 6, 3]),
  /** Most dense frames. */
  positions: upTo(LIMITS.positions).default(2000),
});

const only = {
  model_type: z.literal('llava_qwen'),
  mm_projector_type: z.literal('mlp2x_gelu').default('mlp2x_gelu'),
  mm_spatial_pool_mode: z.literal('bilinear').default('bilinear'),
  mm_newline_position: z.literal('one_token').default('one_token'),
  mm_patch_merge_type: z.literal('spatial_unpad').default('spatial_unpad'),
  mm_vision_tower: z.string().default('google/siglip-so400m-patch14-384'),
  mm_use_im_start_end: z.literal(false).default(false),
  use_pos_skipping: z.literal(false).default(false),
};

const schema = textSchema
  .extend({ ...only, vision_config: vision.optional(), motion_config: motion.prefault({}) })
  .superRefine((c, context) => {
    const fault = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (c.vision_config === undefined && !c.mm_vision_tower.includes('siglip-so400m-patch14-384'))
      fault('mm_vision_tower', 'is not supported, and no vision_config gives its sizes');
    if (c.hidden_size % c.num_attention_heads !== 0) fault('num_attention_heads', 'must divide the width');
    if (c.num_attention_heads % c.num_key_value_heads !== 0)
      fault('num_key_value_heads', 'must divide the heads');
    if (c.motion_config.stem_time % 2 === 0) fault('motion_config', 'stem_time must be odd');
  });

export interface Vqa2Config {
  readonly vision: z.infer<typeof vision>;
  readonly text: TextConfig;
  readonly motion: z.infer<typeof motion>;
}

/** True for the config.json of this family. */
export function isVqa2Config(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'model_type' in value && value.model_type === 'llava_qwen'
  );
}

/** @throws CodedError `convert/config` {field, problem} for a value that this architecture does not compute */
export function readVqa2Config(value: unknown): Vqa2Config {
  const c = readAs(schema, value, code);
  return {
    vision: c.vision_config ?? vision.parse({}),
    text: { ...c, head_dim: c.head_dim ?? c.hidden_size / c.num_attention_heads },
    motion: c.motion_config,
  };
}

const conformance = z.looseObject({
  vision: z.looseObject({
    hidden: width,
    mlp: width,
    layers_run: upTo(LIMITS.layers),
    heads: upTo(LIMITS.heads),
    image_size: upTo(LIMITS.pixels),
    patch: upTo(LIMITS.pixels),
    layer_norm_eps: z.number().positive(),
  }),
  slowfast: z.looseObject({ fast_stem: width, positions: upTo(LIMITS.positions) }),
});

/** The same checkpoint with the sizes of the `profiles.json` beside recorded results. */
export function withRecordedSizes(config: Vqa2Config, value: unknown): Vqa2Config {
  const { vision: v, slowfast } = readAs(conformance, value, code, 'profiles.json');
  return {
    ...config,
    vision: {
      hidden_size: v.hidden,
      num_hidden_layers: v.layers_run,
      num_attention_heads: v.heads,
      intermediate_size: v.mlp,
      patch_size: v.patch,
      image_size: v.image_size,
      layer_norm_eps: v.layer_norm_eps,
    },
    motion: {
      ...config.motion,
      stem: slowfast.fast_stem,
      inner: slowfast.fast_stem,
      positions: slowfast.positions,
    },
  };
}

/** Patches a side, tokens a side after pooling (half, rounded up), width of a motion feature, frames of its halo. */
export function derivedSizes({ vision: v, motion: m }: Vqa2Config) {
  const grid = Math.floor(v.image_size / v.patch_size);
  if (grid < 1)
    throw new CodedError(code, { field: 'vision_config.image_size', problem: 'is below one patch' });
  const pooled = Math.ceil(grid / 2);
  return {
    grid,
    pooled,
    features: m.inner * 8 * m.expansion,
    halo: (m.stem_time - 1) / 2 + m.depths.reduce((sum, depth) => sum + depth, 0),
  };
}
