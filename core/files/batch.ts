/**
 * The batch file (format 2; format 1 is read too), which is reopened by dropping it on the page, and its rows. Ours.
 */
import { z } from 'zod';
import { sha256 } from '../sampling/profile-schema.ts';
import { readAs, refuseOtherFormat } from '../schema.ts';
import { currentBatch } from './earlier-formats.ts';

export const batchFormat = 2;

const count = z.int().nonnegative();
const errorSchema = z.strictObject({
  code: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  message: z.string(),
});

/**
 * `no-score`: the model answered and the answer cannot be read; `failed`: there was no answer; `skipped`: left out by the
 * person. None of these has a score or is in a metric.
 */
const itemStates = ['waiting', 'running', 'done', 'no-score', 'failed', 'skipped'] as const;

const batchRowSchema = z.strictObject({
  /** Path below the folder that was dropped; also the row's identity. */
  path: z.string().min(1),
  bytes: count,
  /** Milliseconds since 1970, of the file. */
  modified: z.number(),
  sha256: sha256.exactOptional(),
  state: z.enum(itemStates),
  /** Human score, and as the table wrote it. */
  mos: z.number().exactOptional(),
  written: z.string().exactOptional(),
  dataset: z.string().exactOptional(),
  score: z.number().nullable(),
  expected: z.number().exactOptional(),
  /** Text of the model's answer. */
  text: z.string().exactOptional(),
  tokens: count.exactOptional(),
  /** Ids of distortions that the reasoning names. */
  named: z.array(z.string()),
  seconds: z.number().nonnegative().exactOptional(),
  /** Reason for a missing score, as in a result file. */
  reason: z.string().exactOptional(),
  error: errorSchema.exactOptional(),
});
export type BatchRow = z.infer<typeof batchRowSchema>;

const batchModelSchema = z.strictObject({
  name: z.string(),
  manifestSha256: sha256,
  dtype: z.string(),
  target: z.enum(['webgpu', 'wasm']),
  backend: z.enum(['webgpu', 'wasm']),
  adapter: z.string(),
  range: z.tuple([z.number(), z.number()]),
  /** Kind of the scores' scale; not stored by earlier versions. */
  scale: z.enum(['human', 'own', 'unmeasured']).exactOptional(),
});
export type BatchModel = z.infer<typeof batchModelSchema>;

const batchSettingsSchema = z.strictObject({
  profile: z.string(),
  sampling: z.literal('greedy'),
  maxTokens: count,
});
export type BatchSettings = z.infer<typeof batchSettingsSchema>;

const batchSchema = z.strictObject({
  format: z.literal(batchFormat),
  kind: z.literal('batch'),
  app: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  name: z.string(),
  /** Null before the first answer. */
  model: batchModelSchema.nullable(),
  settings: batchSettingsSchema.nullable(),
  /** SHA-256 of the canonical JSON of model and settings: rows of two batches compare only where it is equal. */
  settingsSha256: sha256.nullable(),
  rows: z.array(batchRowSchema).max(200_000),
});
export type BatchFile = z.infer<typeof batchSchema>;

/** True for parsed JSON of the kind `batch`, which a result file of one video is not. */
export const isBatchFile = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'batch';

/**
 * A batch file from parsed JSON. Rows that were running when it was written are waiting.
 *
 * @throws CodedError `result/version` {format, reads}, `result/file` {field, problem}
 */
export function readBatchFile(json: unknown): BatchFile {
  const value = currentBatch(json);
  refuseOtherFormat(value, batchFormat);
  const file = readAs(batchSchema, value, 'result/file');
  return {
    ...file,
    rows: file.rows.map((row) => (row.state === 'running' ? { ...row, state: 'waiting' } : row)),
  };
}
