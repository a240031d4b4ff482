/** The result file (format 2; format 1 is read too), which is reopened by dropping it on the page. Ours. */
import { z } from 'zod';
import { perturbModes } from '../sampling/perturb.ts';
import { profileSchema, sha256 } from '../sampling/profile-schema.ts';
import { readAs, refuseOtherFormat } from '../schema.ts';
import { withPresentStageNames } from '../stage-names.ts';
import { currentResult } from './earlier-formats.ts';

const resultFormat = 2;

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();
const sources = z.array(count.nullable());

const colour = z.strictObject({
  matrix: z.enum(['bt601', 'bt709', 'bt2020', 'smpte240m', 'fcc', 'identity']),
  range: z.enum(['limited', 'full']),
  source: z.enum(['bitstream', 'container', 'none']),
  transfer: z.enum(['sdr', 'pq', 'hlg']),
});

const file = z.strictObject({
  name: z.string(),
  bytes: count,
  sha256,
  container: z.string(),
  codec: z.string(),
  width: count,
  height: count,
  /** L, packets of the stream. */
  frames: count,
  fps: z.number().nonnegative(),
  rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
  colour,
});

const model = z.strictObject({
  name: z.string(),
  manifestSha256: sha256,
  dtype: z.string(),
  target: z.enum(['webgpu', 'wasm']),
  backend: z.enum(['webgpu', 'wasm']),
  /** As the browser names it, empty on WASM. */
  adapter: z.string(),
});

const answer = z.strictObject({
  /** Whole text of the answer. */
  text: z.string(),
  score: z.number().nullable(),
  /** Reason for a missing score. */
  reason: z
    .enum(['no-answer', 'several-answers', 'not-a-number', 'out-of-range', 'length', 'aborted'])
    .exactOptional(),
  /** Expected score from the probabilities of the digits. */
  expected: z.number().exactOptional(),
  tokens: count,
});

/**
 * Score of VQA²: the model writes no text, and the score is the mean of five probabilities. `value` is on the protocol's
 * scale, `percent` on 0–100 by the paper's weights.
 */
const levels = z.strictObject({
  family: z.literal('vqa2'),
  role: z.enum(['scorer', 'streaming', 'assistant']),
  protocol: z.string().min(1),
  /** The prompt byte for byte up to the word that is scored; `<image>` stands for a block of `blocks`. */
  prompt: z.string(),
  blocks: z.array(z.enum(['visual', 'motion', 'image'])),
  /** Source frames. */
  keyFrames: z.array(count).min(1),
  denseFrames: z.strictObject({ count, step: z.int().positive() }),
  /** Stalls that the prompt tells; seconds. */
  stalls: z
    .array(z.strictObject({ at: z.number().positive(), duration: z.number().positive() }))
    .exactOptional(),
  /** Length of the sequence that was read. */
  tokens: count,
  logits: z.record(z.enum(['high', 'good', 'fair', 'poor', 'low']), z.number()),
  probabilities: z.record(z.enum(['high', 'good', 'fair', 'poor', 'low']), z.number().min(0).max(1)),
  weights: z.enum(['paper', 'scripts']),
  value: z.number().min(0).max(1),
  percent: z.number().min(0).max(100),
  /** In nats, 0 to ln 5. */
  entropy: z.number().nonnegative(),
});

export const resultSchema = z
  .strictObject({
    format: z.literal(resultFormat),
    /** Name and version of the page. */
    app: z.string(),
    createdAt: z.iso.datetime({ offset: true }),
    file,
    model,
    /** Of a model that answers in words. */
    profile: profileSchema.exactOptional(),
    levels: levels.exactOptional(),
    /** Seed of the sampling, null for greedy answers. */
    seed: z.number().nullable(),
    sampled: z.array(
      z.strictObject({
        index: count,
        /** Seconds. */
        time: seconds,
        /** Frame that was used because `index` could not be decoded. */
        substituted: count.exactOptional(),
      }),
    ),
    perturbation: z
      .strictObject({
        mode: z.enum(perturbModes),
        over: z.enum(['video', 'sampled']),
        seed: z.union([z.number(), z.string()]),
        strength: z.number().positive(),
        vision: sources,
        motion: sources,
      })
      .exactOptional(),
    answers: z.array(answer),
    /** Mean of the readable answers, on the scale of the package; with `levels` their value. */
    score: z.number().nullable(),
    band: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5)]).exactOptional(),
    percentile: z
      .strictObject({
        percent: z.number().min(0).max(100),
        population: z.string(),
        n: count,
        kind: z.enum(['human', 'own']),
      })
      .exactOptional(),
    /** Scale of the score: of human opinions with the data sets that it was learnt from, the model's own, or unknown. */
    scale: z
      .strictObject({
        kind: z.enum(['human', 'own', 'unmeasured']),
        datasets: z
          .array(
            z.strictObject({
              name: z.string(),
              n: count,
              how: z.enum(['videos', 'features']),
            }),
          )
          .exactOptional(),
      })
      .exactOptional(),
    /** Estimate of the score that people would give, by a head beside the model, and the data sets that it learnt from. */
    humanEstimate: z
      .strictObject({
        score: z.number(),
        halfWidth: z.number().positive(),
        datasets: z.array(z.string()).min(1),
      })
      .exactOptional(),
    /** Quality features that the model or the head beside it has read, in the order of their set; null where one is missing. */
    qualityFeatures: z
      .strictObject({ set: z.string(), values: z.array(z.number().nullable()) })
      .exactOptional(),
    /** Seconds a stage took. */
    timings: z.record(z.string(), seconds).transform(withPresentStageNames),
  })
  .refine((result) => (result.profile === undefined) !== (result.levels === undefined), {
    path: ['profile'],
    message: 'is there or levels is, one of them',
  });

export type Result = z.infer<typeof resultSchema>;
export type ResultAnswer = Result['answers'][number];
export type ResultLevels = NonNullable<Result['levels']>;

/**
 * A result file from parsed JSON.
 *
 * @throws CodedError `result/version` {format, reads}, `result/file` {field, problem}
 */
export function readResult(json: unknown): Result {
  const value = currentResult(json);
  refuseOtherFormat(value, resultFormat);
  return readAs(resultSchema, value, 'result/file');
}
