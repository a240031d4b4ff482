/**
 * A checkpoint's config.json: the official keys, and two optional additions of ours, `motion_config` and `profiles`
 * with `default_profile`. Absent keys have the values of the released 8B. Held to the official code by golden/tiny:
 * change only with it.
 */
import { z } from 'zod';
import { CodedError } from '../errors.ts';
import { featureColumns } from '../sampling/human-features.ts';
import { type ConformanceProfiles, profileSchema } from '../sampling/profile-schema.ts';
import { builtInProfiles, type Profile } from '../sampling/profiles.ts';
import { isFrameStatistic, statisticRows } from '../sampling/statistics.ts';
import { readAs } from '../schema.ts';

const code = 'convert/config';

/**
 * Upper bounds of numbers from which arrays are allocated: well above any published model of the family, and low
 * enough that a hostile config costs neither memory nor time.
 */
export const LIMITS = {
  layers: 256,
  heads: 1024,
  width: 65_536,
  vocabulary: 2 ** 21,
  positions: 2 ** 24,
  pixels: 8192,
};
export const upTo = (limit: number) => z.int().positive().max(limit);
const layers = upTo(LIMITS.layers);
const heads = upTo(LIMITS.heads);
const width = upTo(LIMITS.width);
const epsilon = z.number().positive();

/** Names of closed-form statistics, each once and of the given ones. */
function statisticNames(supported: ReadonlySet<string>, what: string) {
  return z
    .array(z.string().min(1))
    .refine((names) => new Set(names).size === names.length, 'must not repeat a name')
    .refine((names) => names.every((name) => supported.has(name)), `must name ${what}`)
    .default([]);
}

const supportedStatistics = new Set(statisticRows.map((row) => row.name));
const frameStatistics = new Set(statisticRows.filter(isFrameStatistic).map((row) => row.name));

/** Only values that the architecture here computes; anything else is a fault, not a guess. */
const vision = z.object({
  hidden_size: width.default(1024),
  num_hidden_layers: layers.default(24),
  num_attention_heads: heads.default(16),
  intermediate_size: width.default(4096),
  patch_size: upTo(LIMITS.pixels).default(14),
  image_size: upTo(LIMITS.pixels).default(448),
  num_channels: z.literal(3).default(3),
  layer_norm_eps: epsilon.default(1e-6),
  qkv_bias: z.literal(true).default(true),
  qk_normalization: z.literal(false).default(false),
  norm_type: z.literal('layer_norm').default('layer_norm'),
  hidden_act: z.literal('gelu').default('gelu'),
  drop_path_rate: z.number().min(0).max(1).default(0.1),
  initializer_factor: z.number().default(0.1),
  /** Ours: values of each block of 2 × 2 patches in the transformer's place, which is absent where there are any. */
  statistics: statisticNames(frameStatistics, 'rows of the statistics table that need one frame'),
});

/** Qwen2, in both families. */
export const textSchema = z.object({
  hidden_size: width.default(3584),
  num_hidden_layers: layers.default(28),
  num_attention_heads: heads.default(28),
  num_key_value_heads: heads.default(4),
  head_dim: width.optional(),
  intermediate_size: width.default(18944),
  vocab_size: upTo(LIMITS.vocabulary).default(151674),
  max_position_embeddings: upTo(LIMITS.positions).default(32768),
  rms_norm_eps: epsilon.default(1e-6),
  rope_theta: z.number().positive().default(1e6),
  /** Dynamic scaling changes nothing within `max_position_embeddings`; the other kinds would. */
  rope_scaling: z
    .looseObject({
      type: z.enum(['dynamic', 'default']).optional(),
      rope_type: z.enum(['dynamic', 'default']).optional(),
    })
    .nullable()
    .default(null),
  hidden_act: z.literal('silu').default('silu'),
  /** Null or unused; transformers 4.49 obeys it in eager mode even when `use_sliding_window` is false. */
  use_sliding_window: z.literal(false).default(false),
  tie_word_embeddings: z.boolean().default(false),
  bos_token_id: z.int().nullable().default(151643),
  eos_token_id: z
    .union([z.int(), z.array(z.int())])
    .nullable()
    .default(151643),
});

const motion = z.strictObject({
  stem_slow: width.default(64),
  stem_fast: width.default(8),
  fast_stem_time: layers.default(5),
  inner_slow: width.default(64),
  inner_fast: width.default(8),
  expansion: layers.default(4),
  /** Empty: no SlowFast, the motion vector is the statistics alone. */
  depths: z.union([z.tuple([layers, layers, layers, layers]), z.tuple([])]).default([3, 4, 6, 3]),
  fast_to_slow_kernel: layers.default(7),
  /** Names of closed-form statistics appended to the pooled vector, in this order. */
  statistics: statisticNames(supportedStatistics, 'rows of the statistics table'),
  /** The columns of `human-features.json`, which the quality head reads; without them there is no head. */
  quality_features: z
    .array(z.string())
    .refine(
      (names) => names.length === 0 || names.join() === featureColumns.join(),
      'must be the columns of human-features.json, in their order',
    )
    .default([]),
  /** Hidden units of the quality head, and numbers that it predicts. */
  quality_hidden: z.int().nonnegative().max(LIMITS.width).default(0),
  quality_outputs: width.default(1),
});

const official = z.object({
  model_type: z.literal('internvl_chat').default('internvl_chat'),
  template: z.literal('internvl2_5').default('internvl2_5'),
  downsample_ratio: z.literal(0.5).default(0.5),
  select_layer: z.literal(-1).default(-1),
  ps_version: z.literal('v2').default('v2'),
  force_image_size: upTo(LIMITS.pixels).optional(),
  vision_config: vision.prefault({}),
  llm_config: textSchema.prefault({}),
});

const additions = z.object({
  motion_config: motion.prefault({}),
  profiles: z.record(z.string(), profileSchema).default({ ...builtInProfiles }),
  /** Absent: the only profile there is, else the one of the released test code. */
  default_profile: z.string().optional(),
});

function defaultOf(c: {
  profiles: Readonly<Record<string, Profile>>;
  default_profile?: string | undefined;
}): string {
  const names = Object.keys(c.profiles);
  return c.default_profile ?? (names.length === 1 ? names[0]! : 'test12@560');
}

const config = official.extend(additions.shape).superRefine((c, context) => {
  const fault = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
  const { vision_config: v, llm_config: t, motion_config: m } = c;
  if (v.hidden_size % v.num_attention_heads !== 0)
    fault(['vision_config', 'num_attention_heads'], 'must divide the width');
  if (t.head_dim === undefined && t.hidden_size % t.num_attention_heads !== 0) {
    fault(['llm_config', 'num_attention_heads'], 'must divide the width');
  }
  if (t.num_attention_heads % t.num_key_value_heads !== 0) {
    fault(['llm_config', 'num_key_value_heads'], 'must divide the heads');
  }
  if (m.depths.length === 0 && m.statistics.length === 0)
    fault(['motion_config', 'depths'], 'may be empty only where there are statistics');
  if (m.fast_stem_time % 2 === 0) fault(['motion_config', 'fast_stem_time'], 'must be odd');
  if (m.quality_hidden > 0 !== m.quality_features.length > 0)
    fault(['motion_config', 'quality_hidden'], 'must be given with quality_features, and only then');
  if (m.fast_to_slow_kernel % 2 === 0) fault(['motion_config', 'fast_to_slow_kernel'], 'must be odd');
  if (!Object.hasOwn(c.profiles, defaultOf(c))) fault(['default_profile'], 'names no profile');
  for (const [name, profile] of Object.entries(c.profiles)) {
    if (profile.name !== name) fault(['profiles', name, 'name'], `must be ${name}`);
    const block = 2 * v.patch_size;
    if (profile.size % block !== 0) fault(['profiles', name, 'size'], `must be a multiple of ${block}`);
    else if (profile.tokensPerFrame !== (profile.size / block) ** 2) {
      fault(['profiles', name, 'tokensPerFrame'], `must be ${(profile.size / block) ** 2}`);
    }
    for (const branch of ['vision', 'motion'] as const) {
      const rule = profile[branch];
      // No token may mix two fragments; SlowFast has no tokens, so its blocks are free.
      if (branch === 'vision' && rule.pixels === 'fragments' && rule.cell % block !== 0) {
        fault(['profiles', name, branch, 'cell'], `must be a multiple of ${block}`);
      }
    }
  }
});

export type VisionConfig = z.infer<typeof vision>;
export type TextConfig = z.infer<typeof textSchema> & { readonly head_dim: number };
export type MotionConfig = z.infer<typeof motion>;

export interface CheckpointConfig {
  readonly vision: VisionConfig;
  readonly text: TextConfig;
  readonly motion: MotionConfig;
  readonly profiles: Readonly<Record<string, Profile>>;
  readonly defaultProfile: string;
  /** Keys that were there and are not used, as paths, e.g. `llm_config.top_k`. */
  readonly ignored: readonly string[];
}

/**
 * A config.json from parsed JSON.
 *
 * @throws CodedError `convert/config` {field, problem}: a value this architecture does not compute, an unknown field
 *   inside `motion_config` or a profile
 */
export function readCheckpointConfig(value: unknown): CheckpointConfig {
  const read = readAs(config, withRope(value), code);
  const t = read.llm_config;
  const width = t.head_dim ?? t.hidden_size / t.num_attention_heads;
  return {
    vision: read.vision_config,
    text: { ...t, head_dim: width },
    motion: read.motion_config,
    profiles: read.profiles,
    defaultProfile: defaultOf(read),
    ignored: ignoredKeys(value),
  };
}

/** The profile of that name, or the checkpoint's default one. */
export function profileNamed(checkpoint: CheckpointConfig, name = checkpoint.defaultProfile): Profile {
  const profile = Object.hasOwn(checkpoint.profiles, name) ? checkpoint.profiles[name] : undefined;
  if (profile === undefined) {
    throw new CodedError(code, { field: 'default_profile', problem: `${name} names no profile` });
  }
  return profile;
}

/** The same checkpoint with the stems and profiles of the `profiles.json` beside it. */
export function withConformanceProfiles(
  checkpoint: CheckpointConfig,
  given: ConformanceProfiles,
): CheckpointConfig {
  const { stemSlow, stemFast, profiles } = given;
  return {
    ...checkpoint,
    motion: {
      ...checkpoint.motion,
      stem_slow: stemSlow,
      stem_fast: stemFast,
      inner_slow: stemSlow,
      inner_fast: stemFast,
    },
    profiles,
    defaultProfile: 'test12' in profiles ? 'test12' : (Object.keys(profiles)[0] ?? ''),
  };
}

/** Channels that SlowFast ends with: inner width × expansion × 8 (four stages, each doubling); 0 without it. */
function motionFeatures(motion: MotionConfig): { readonly slow: number; readonly fast: number } {
  if (motion.depths.length === 0) return { slow: 0, fast: 0 };
  return { slow: motion.inner_slow * motion.expansion * 8, fast: motion.inner_fast * motion.expansion * 8 };
}

/** Length of the vector that enters `motion_mlp`: pooled features, then the statistics. */
export function motionVectorLength(motion: MotionConfig): number {
  const { slow, fast } = motionFeatures(motion);
  return slow + fast + motion.statistics.length;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** transformers 5 writes `rope_parameters: {rope_theta}` where 4.x wrote `rope_theta`. */
function withRope(value: unknown): unknown {
  if (!isObject(value) || !isObject(value.llm_config)) return value;
  const llm = value.llm_config;
  const parameters = llm.rope_parameters;
  if ('rope_theta' in llm || !isObject(parameters) || !('rope_theta' in parameters)) return value;
  return { ...value, llm_config: { ...llm, rope_theta: parameters.rope_theta } };
}

function ignoredKeys(value: unknown): string[] {
  if (!isObject(value)) return [];
  const within = (object: unknown, shape: object, prefix: string) =>
    isObject(object)
      ? Object.keys(object)
          .filter((k) => !(k in shape))
          .map((k) => prefix + k)
      : [];
  return [
    ...within(value, config.shape, ''),
    ...within(value.vision_config, vision.shape, 'vision_config.'),
    ...within(value.llm_config, { ...textSchema.shape, rope_parameters: null }, 'llm_config.'),
  ];
}
