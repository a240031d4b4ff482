/**
 * Records of training runs over HTTP and Server-Sent Events: one schema for the server and the page. Routes:
 * `docs/training.md` and `/api/openapi.json`. Ours.
 */
import { z } from 'zod';
import { renamedKeys } from '../schema.ts';

/**
 * `queued` waits for the engine; `starting` loads the checkpoint; `paused` holds its state and no engine (by the person,
 * by a full disk); `stopped` by the person; `guarded` stopped by a guard (KL, entropy); `failed` with an error.
 */
const runStates = [
  'queued',
  'starting',
  'running',
  'paused',
  'stopped',
  'guarded',
  'failed',
  'finished',
] as const;
export type RunState = (typeof runStates)[number];

export const codedErrorSchema = z.strictObject({
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  message: z.string(),
});

export const runSchema = z.strictObject({
  /** `20261121-0742-small-grpo-3f9a`: also the name of the run's folder. */
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/),
  recipe: z.string(),
  /** SHA-256 of the resolved recipe's canonical JSON. */
  recipeSha256: z.string(),
  state: z.enum(runStates),
  /** Reason of `paused`, `guarded` or `failed`. */
  reason: codedErrorSchema.nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
  /** Stage that runs or ran last. */
  stage: z.strictObject({ index: z.int(), name: z.string(), objective: z.string() }).nullable(),
  /** Optimiser steps over all stages; `steps` null while it is not known. */
  step: z.int(),
  steps: z.int().nullable(),
  /** Step of the last complete checkpoint, from which a resume goes on. */
  savedStep: z.int().nullable(),
  bestStep: z.int().nullable(),
  /** Last values by name, e.g. `eval/srcc`. */
  latest: z.record(z.string(), z.number().nullable()),
  seconds: z.number(),
});
export type Run = z.infer<typeof runSchema>;

/** A run before its first step, `queued` and created at `createdAt`. */
export function queuedRun(run: Pick<Run, 'id' | 'recipe' | 'recipeSha256' | 'createdAt'>): Run {
  return {
    ...run,
    state: 'queued',
    reason: null,
    updatedAt: run.createdAt,
    stage: null,
    step: 0,
    steps: null,
    savedStep: null,
    bestStep: null,
    latest: {},
    seconds: 0,
  };
}

/** One line of `metrics.jsonl`; names are TRL's (`reward`, `kl`, `completions/mean_length`), ours beside them. */
export const metricRecordSchema = z.strictObject({
  step: z.int(),
  stage: z.int(),
  /** Unix seconds. Left out of what a resume must reproduce. */
  time: z.number(),
  /** Null where a value is not defined (a correlation of one video). */
  values: z.record(z.string(), z.number().nullable()),
});
export type MetricRecord = z.infer<typeof metricRecordSchema>;

const completionRecordSchema = z.strictObject({
  text: z.string(),
  tokens: z.int(),
  /** Null = unreadable. */
  score: z.number().nullable(),
  format: z.number(),
  rank: z.number().nullable(),
  regression: z.number().nullable(),
  /** Temporal bonus in the rank and the regression column. */
  temporalRank: z.number(),
  temporalRegression: z.number(),
  reward: z.number().nullable(),
  /** Null for a perturbed video and where the group has no variance. */
  advantage: z.number().nullable(),
  /** Perturbation of this completion, where one is drawn for each. */
  perturbation: z.strictObject({ mode: z.string(), indices: z.array(z.int().nullable()) }).optional(),
});
export type CompletionRecord = z.infer<typeof completionRecordSchema>;

/**
 * One line of `completions.jsonl`: a video of a step with the K completions of its clean and of its perturbed frames. Lines
 * and answers of earlier versions, with `answers` and `perturbedAnswers`, are read too.
 */
export const groupRecordSchema = z.preprocess(
  renamedKeys(['answers', 'completions'], ['perturbedAnswers', 'perturbedCompletions']),
  z.strictObject({
    step: z.int(),
    stage: z.int(),
    video: z.string(),
    /** Null = not labelled. */
    mos: z.number().nullable(),
    frames: z.int(),
    indices: z.array(z.int().nullable()),
    perturbation: z.strictObject({ mode: z.string(), indices: z.array(z.int().nullable()) }).nullable(),
    completions: z.array(completionRecordSchema),
    perturbedCompletions: z.array(completionRecordSchema),
  }),
);
export type GroupRecord = z.infer<typeof groupRecordSchema>;

export const logLineSchema = z.strictObject({
  time: z.number(),
  source: z.enum(['driver', 'engine']),
  level: z.enum(['debug', 'info', 'warning', 'error']),
  text: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;

/** One `data:` of `/api/runs/:id/events`; its SSE `event:` is `type`, its `id:` rises by one for each event of a run. */
export const runEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('run'), run: runSchema }),
  z.strictObject({ type: z.literal('metrics'), record: metricRecordSchema }),
  /** The completions of a step are ready at `…/completions?step=`. */
  z.strictObject({ type: z.literal('completions'), step: z.int(), videos: z.int() }),
  z.strictObject({ type: z.literal('log'), line: logLineSchema }),
  z.strictObject({
    type: z.literal('progress'),
    phase: z.enum(['load', 'encode', 'rollout', 'update', 'evaluate', 'save', 'export']),
    done: z.int(),
    of: z.int(),
  }),
  z.strictObject({ type: z.literal('checkpoint'), step: z.int(), best: z.boolean() }),
]);
export type RunEvent = z.infer<typeof runEventSchema>;

/** `POST /api/validate` and the head of a new run: result of the checks before a run starts. */
export const validationReportSchema = z.strictObject({
  ok: z.boolean(),
  errors: z.array(codedErrorSchema),
  warnings: z.array(codedErrorSchema),
  /** The resolved recipe, or null when it cannot be resolved. */
  recipe: z.unknown().nullable(),
  recipeSha256: z.string().nullable(),
  sources: z.array(
    z.strictObject({
      name: z.string(),
      role: z.enum(['train', 'heldOut']),
      videos: z.int(),
      missing: z.array(z.string()),
      unreadable: z.array(z.string()),
      duplicates: z.array(z.string()),
      /** Every row that is not used, with file, line, path and reason. */
      leftOut: z.array(z.string()).default([]),
      /** Smallest and largest label on the scale that training uses. */
      labels: z.tuple([z.number(), z.number()]).nullable(),
      seconds: z.number().nullable(),
    }),
  ),
  engine: z
    .strictObject({
      device: z.string(),
      torch: z.string(),
      gpus: z.int(),
      memoryBytes: z.number().nullable(),
    })
    .nullable(),
});
export type ValidationReport = z.infer<typeof validationReportSchema>;

/** A checkpoint in the list; `figures`, the name of `metrics` in earlier versions, is read too. */
export const checkpointSchema = z.preprocess(
  renamedKeys(['figures', 'metrics']),
  z.strictObject({
    /** `RUN_ID:STEP`, or the name of a folder under a root. */
    id: z.string(),
    run: z.string().nullable(),
    step: z.int().nullable(),
    best: z.boolean(),
    last: z.boolean(),
    createdAt: z.string(),
    bytes: z.number(),
    /** Held-out metrics at this step, and the reward. */
    metrics: z.record(z.string(), z.number().nullable()),
    /** Package made of it, if one was. */
    package: z
      .strictObject({
        id: z.string(),
        state: z.enum(['making', 'ready', 'failed']),
        done: z.number(),
        /** Reason of `failed`. */
        error: codedErrorSchema.optional(),
      })
      .nullable(),
  }),
);
export type Checkpoint = z.infer<typeof checkpointSchema>;

export const recipeCardSchema = z.strictObject({
  name: z.string(),
  about: z.string(),
  extends: z.string().nullable(),
  objectives: z.array(z.string()),
  /** In words: "a CUDA GPU with 140 GB", "two CPU cores, about 20 minutes". */
  needs: z.string(),
  /** The checkpoint that it starts from is on the server's machine; null for a server that does not say. */
  ready: z.boolean().nullable().default(null),
  recipe: z.unknown(),
  resolved: z.unknown().nullable(),
  error: codedErrorSchema.nullable(),
});
export type RecipeCard = z.infer<typeof recipeCardSchema>;
