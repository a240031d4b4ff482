/** The calibration file: a monotone map from one model's scores to a person's own scale, and its held-out error. Ours. */
import { z } from 'zod';
import { CodedError } from '../errors.ts';
import { sha256 } from '../sampling/profile-schema.ts';
import { readAs } from '../schema.ts';

export const calibrationFormat = 1;

const pair = z.tuple([z.number(), z.number()]);
const knots = z.array(z.number()).min(1).max(100_000);

const ascending = (values: readonly number[], strictly: boolean) =>
  values.every((value, k) => k === 0 || (strictly ? value > values[k - 1]! : value >= values[k - 1]!));

const mapSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('logistic'),
    low: z.number(),
    high: z.number(),
    middle: z.number(),
    width: z.number().positive(),
  }),
  z
    .strictObject({ kind: z.literal('isotonic'), x: knots, y: knots })
    .refine(({ x, y }) => x.length === y.length, 'x and y have different lengths')
    .refine(({ x }) => ascending(x, true), 'x does not ascend')
    .refine(({ y }) => ascending(y, false) || ascending([...y].reverse(), false), 'y is not monotone'),
]);
/** `logistic`: low + (high − low) / (1 + e^(−(x − middle) / width)); `isotonic`: linear between the knots, constant outside. */
export type CalibrationMap = z.infer<typeof mapSchema>;

const heldOutSchema = z.strictObject({
  folds: z.int().min(2),
  n: z.int().positive(),
  /** In units of the human scores, each clip under a map that was fitted without its fold; 95 % bootstrap interval. */
  rmse: z.number().nonnegative(),
  rmseInterval: pair,
  /** Of the model's score as it is: meaningful where both scales are the same. */
  rawRmse: z.number().nonnegative(),
  /** rawRmse − rmse, with its 95 % interval over the same resamples. */
  gain: z.number(),
  gainInterval: pair,
});
export type HeldOutError = z.infer<typeof heldOutSchema>;

const calibrationSchema = z.strictObject({
  format: z.literal(calibrationFormat),
  kind: z.literal('calibration'),
  app: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  /** The model whose scores were fitted; the map is of no other. `sha256` is that of its manifest. */
  model: z.strictObject({ name: z.string(), sha256 }),
  /** Name of the table of human scores. */
  table: z.string(),
  /** Lowest and highest score that was fitted; beyond them the map is extrapolated. */
  scores: pair,
  /** Lowest and highest human score. */
  opinions: pair,
  map: mapSchema,
  heldOut: heldOutSchema,
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** True for parsed JSON of the kind `calibration`. */
export const isCalibration = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'calibration';

/**
 * A calibration from parsed JSON.
 *
 * @throws CodedError `calibration/version` {format, reads}, `calibration/file` {field, problem}
 */
export function readCalibration(json: unknown): Calibration {
  const format = isCalibration(json) && (json as { format?: unknown }).format;
  if (typeof format === 'number' && format !== calibrationFormat)
    throw new CodedError('calibration/version', { format, reads: calibrationFormat });
  return readAs(calibrationSchema, json, 'calibration/file');
}

/**
 * Refuses the calibration of another model.
 *
 * @param sha256 of the manifest of the model in use
 * @throws CodedError `calibration/model` {was, now}
 */
export function checkCalibrationModel(
  { model: was }: Pick<Calibration, 'model'>,
  now: { readonly name: string; readonly sha256: string },
): void {
  if (was.sha256 === now.sha256) return;
  // Two versions of a model have one name.
  const label = ({ name, sha256: sum }: typeof now) => `${name}, ${sum.slice(0, 8)}`;
  throw new CodedError('calibration/model', { was: label(was), now: label(now) });
}
