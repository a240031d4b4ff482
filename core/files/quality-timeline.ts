/**
 * The quality timeline's file (format 2; format 1 is read too), which is reopened by dropping it on the page: the
 * result of a clip, and that of each segment, assessed as a video of its own. Ours.
 */
import { z } from 'zod';
import { profileSchema } from '../sampling/profile-schema.ts';
import { readAs, refuseOtherFormat } from '../schema.ts';
import { currentTimeline } from './earlier-formats.ts';
import { resultSchema } from './result.ts';

export const timelineFormat = 2;
export const timelineKind = 'quality-timeline';

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();
const { model, sampled, answers } = resultSchema.shape;

const segmentResult = answers.element.extend({
  /** Error that prevented the assessment. */
  error: z
    .strictObject({
      code: z.string(),
      params: z.record(z.string(), z.union([z.string(), z.number()])),
      message: z.string(),
    })
    .exactOptional(),
  /** Ids of the distortions that the reasoning names, in its order. */
  named: z.array(z.string()),
  /** Sampled frames, numbered as in the whole clip. */
  sampled,
  seconds,
});

const timelineSchema = z.strictObject({
  format: z.literal(timelineFormat),
  kind: z.literal(timelineKind),
  app: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  /** Of the whole clip. */
  result: resultSchema,
  /** Seconds. */
  duration: seconds,
  /** Model and profile of the segments, decoded greedily. */
  model,
  profile: profileSchema,
  segmentSeconds: z.number().positive(),
  segments: z
    .array(
      z.strictObject({
        from: count,
        frames: count.positive(),
        start: seconds,
        end: seconds,
        /** Null while it was not assessed. */
        result: segmentResult.nullable(),
      }),
    )
    .min(1),
});

export type QualityTimeline = z.infer<typeof timelineSchema>;
export type StoredSegmentResult = z.infer<typeof segmentResult>;

/** True for parsed JSON of that kind, of this format or an earlier one. */
export const isQualityTimeline = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  (value.kind === timelineKind || value.kind === 'over-time');

/**
 * @throws CodedError `result/version` {format, reads}, `result/file` {field, problem}
 */
export function readQualityTimeline(json: unknown): QualityTimeline {
  const value = currentTimeline(json);
  refuseOtherFormat(value, timelineFormat);
  return readAs(timelineSchema, value, 'result/file');
}
