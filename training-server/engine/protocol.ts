/**
 * Protocol between the driver (TypeScript) and the engine (Python under torchrun): JSON-RPC 2.0, one message a line,
 * over a Unix socket at `VQA_CTRL` (`unix:/path`) or TCP (`tcp:host:port`, with `VQA_CTRL_TOKEN`). The driver listens,
 * rank 0 connects and sends `hello` first. The driver sends requests and applies every rule; the engine computes.
 *
 * Prompts are text: the driver builds the conversation (`core/answer/prompts.ts`), the engine tokenizes it with the
 * checkpoint's tokenizer and replaces the embeddings of `<IMG_CONTEXT>`.
 *
 * The only notification of the driver is `cancel {id}`: a request that waits is dropped, one that has begun is finished, and
 * its result is ignored.
 */
import { z } from 'zod';
import { policyLosses } from '../../core/rewards/grpo.ts';
import { profileSchema } from '../../core/sampling/profile-schema.ts';
import { loraTargets } from '../../core/training/recipe-stages.ts';

export const PROTOCOL_VERSION = 2;

/** A video's frames: source indices in the order shown; null = a frame of zeros after normalisation (official drop). */
export const videoSchema = z.strictObject({
  path: z.string(),
  indices: z.array(z.int().min(0).nullable()),
  /** Frames of the motion branch, where they differ (`motion.frames: "successors"`). */
  motionIndices: z.array(z.int().min(0).nullable()).optional(),
});
export type EngineVideo = z.infer<typeof videoSchema>;

export const precisionSchema = z.enum(['fp32', 'bf16']);
export const partsSchema = z.strictObject({
  vision: z.boolean(),
  visionProjector: z.boolean(),
  languageModel: z.boolean(),
  motionExtractor: z.boolean(),
  motionProjector: z.boolean(),
});
export type TrainedParts = z.infer<typeof partsSchema>;

const completionSchema = z.strictObject({
  tokens: z.array(z.int()),
  text: z.string(),
  /** log π of each sampled token at temperature 1, that of the loss, under the sampling weights. */
  logps: z.array(z.number()),
  /** `length`: maxCompletionLength was reached before an end token. */
  end: z.enum(['eos', 'length']),
});
export type EngineCompletion = z.infer<typeof completionSchema>;

const stepMetrics = z.record(z.string(), z.number().nullable());
const seconds = z.record(z.string(), z.number());

/** Method → parameters and result. */
export const methods = {
  /** Frame counts and sizes of the stream that `av_find_best_stream` selects; `error` for a video that cannot be read. */
  probe: {
    params: z.strictObject({ paths: z.array(z.string()) }),
    result: z.array(
      z.strictObject({
        frames: z.int(),
        width: z.int(),
        height: z.int(),
        fps: z.number(),
        error: z.string().optional(),
      }),
    ),
  },
  /** Loads a checkpoint (official layout) with its tokenizer and profile; once per engine before anything else. */
  load: {
    params: z.strictObject({
      checkpoint: z.string(),
      profile: profileSchema,
      device: z.enum(['cpu', 'cuda']),
      precision: precisionSchema,
      parts: partsSchema,
      /** Keeps a frozen copy for the KL term. */
      reference: z.boolean(),
      frozenBatchNorm: z.enum(['eval', 'train']),
      optimiser: z.strictObject({
        kind: z.enum(['adamw', 'adamw-sr']),
        betas: z.tuple([z.number(), z.number()]),
        epsilon: z.number(),
        weightDecay: z.number(),
        /** Multiplies lr for one part. */
        lrScale: z.record(z.string(), z.number()),
      }),
      /** Adaptation of the language model in place of its own weights. */
      lora: z
        .strictObject({ rank: z.int().min(1), alpha: z.number(), targets: z.array(z.enum(loraTargets)) })
        .nullable(),
      gradientCheckpointing: z.boolean(),
      seed: z.int(),
      pixelCache: z.strictObject({ folder: z.string(), bytes: z.number() }),
      decodeWorkers: z.int().min(0),
    }),
    result: z.strictObject({
      parameters: z.int(),
      trainable: z.int(),
      device: z.string(),
      torch: z.string(),
      ranks: z.int(),
      memoryBytes: z.number().nullable(),
      /** Of the checkpoint's weights. */
      sha256: z.string(),
    }),
  },
  /** Decodes and encodes videos of the next rollout in advance. Failed videos are listed, not raised. */
  encode: {
    params: z.strictObject({ videos: z.array(videoSchema) }),
    result: z.strictObject({ failed: z.array(z.strictObject({ path: z.string(), error: z.string() })) }),
  },
  /** K completions of each video. Draws depend on `seeds` alone, not on batch order or slots. Null for a failed video. */
  rollout: {
    params: z.strictObject({
      videos: z.array(videoSchema),
      prompt: z.string(),
      numGenerations: z.int().min(1),
      /** One a video; completion j of video i draws from (seeds[i], j). */
      seeds: z.array(z.int()),
      /** 0 = greedy. */
      temperature: z.number().min(0),
      /** 0 = off. */
      topK: z.int().min(0),
      /** 1 = off. */
      topP: z.number(),
      maxCompletionLength: z.int().min(1),
      slots: z.int().min(1),
    }),
    result: z.strictObject({
      completions: z.array(z.array(completionSchema).nullable()),
      failed: z.array(z.strictObject({ path: z.string(), error: z.string() })),
      seconds,
      tokens: z.int(),
    }),
  },
  /** One optimiser step on groups of completions (GRPO). */
  update: {
    params: z.strictObject({
      prompt: z.string(),
      groups: z.array(
        z.strictObject({
          video: videoSchema,
          completions: z.array(
            z.strictObject({
              tokens: z.array(z.int()),
              /** Of the sampling policy; left out = the trained policy itself (one step a rollout). */
              oldLogps: z.array(z.number()).optional(),
              advantage: z.number(),
            }),
          ),
        }),
      ),
      beta: z.number().min(0),
      clip: z.strictObject({ low: z.number(), high: z.number(), delta: z.number().nullable() }),
      lossType: z.enum(policyLosses),
      sapoTemperature: z.strictObject({ positive: z.number(), negative: z.number() }),
      /** Completions that are left out of `groups` and count in the loss's means. */
      maskedCompletions: z.int().min(0),
      maxCompletionLength: z.int(),
      lr: z.number().min(0),
      maxGradNorm: z.number(),
      /** Tokens of a packed row; a step is split into rows of at most this length. */
      maxTokensPerRow: z.int(),
    }),
    result: z.strictObject({ metrics: stepMetrics, seconds }),
  },
  /** One optimiser step on written answers. */
  sft: {
    params: z.strictObject({
      prompt: z.string(),
      examples: z.array(z.strictObject({ video: videoSchema, text: z.string() })),
      lr: z.number().min(0),
      maxGradNorm: z.number(),
      maxTokensPerRow: z.int(),
    }),
    result: z.strictObject({ metrics: stepMetrics, seconds }),
  },
  /** One optimiser step on dense targets: a linear head on pooled vision and motion features, kept with the optimiser. */
  regression_pretrain: {
    params: z.strictObject({
      examples: z.array(z.strictObject({ video: videoSchema, targets: z.array(z.number().nullable()) })),
      names: z.array(z.string()),
      lr: z.number().min(0),
      maxGradNorm: z.number(),
    }),
    result: z.strictObject({ metrics: stepMetrics, seconds }),
  },
  /** Closed-form fit (ridge) of the motion projector's last layer to targets; no optimiser step. */
  fit: {
    params: z.strictObject({
      examples: z.array(z.strictObject({ video: videoSchema, targets: z.array(z.number()) })),
      ridge: z.number().min(0),
    }),
    result: z.strictObject({ metrics: stepMetrics, seconds }),
  },
  /**
   * Writes weights, optimiser, random states and `extra` (state of the driver) to `folder` by DCP: to a sibling first, so
   * that the folder is complete or absent.
   */
  save: {
    params: z.strictObject({ folder: z.string(), extra: z.unknown() }),
    result: z.strictObject({ bytes: z.number(), seconds: z.number() }),
  },
  restore: {
    params: z.strictObject({ folder: z.string() }),
    result: z.strictObject({ extra: z.unknown() }),
  },
  /** Writes a checkpoint in the official layout, tokenizer and config included. */
  export: {
    params: z.strictObject({ folder: z.string() }),
    result: z.strictObject({ bytes: z.number(), sha256: z.string() }),
  },
  stop: { params: z.strictObject({}), result: z.strictObject({}) },
} as const;

export type Method = keyof typeof methods;
export type Params<M extends Method> = z.input<(typeof methods)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof methods)[M]['result']>;

/** Notifications of the engine. */
export const notifications = {
  hello: z.strictObject({
    protocol: z.int(),
    pid: z.int(),
    pgids: z.array(z.int()),
    ranks: z.int(),
    restart: z.int(),
    device: z.string(),
    gpus: z.int(),
    torch: z.string(),
    memoryBytes: z.number().nullable(),
    token: z.string().optional(),
  }),
  heartbeat: z.strictObject({ time: z.number() }),
  progress: z.strictObject({
    phase: z.enum(['load', 'encode', 'rollout', 'update', 'evaluate', 'save', 'export']),
    done: z.int(),
    of: z.int(),
  }),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warning', 'error']), text: z.string() }),
} as const;
export type Notice = keyof typeof notifications;
export type NoticeOf<N extends Notice> = z.output<(typeof notifications)[N]>;
export type Hello = NoticeOf<'hello'>;

/**
 * Errors of JSON-RPC: `code` −32000, `data` = `{ code: 'train/engine', params, trace }`. Disk full is `train/disk`, a
 * checkpoint of another shape `train/checkpoint`, no memory `train/engine` with `detail: 'CUDA out of memory'`.
 */
export const engineErrorSchema = z.object({
  code: z.int(),
  message: z.string(),
  data: z
    .object({
      code: z.string(),
      params: z.record(z.string(), z.union([z.string(), z.number()])),
      trace: z.string().optional(),
    })
    .optional(),
});
