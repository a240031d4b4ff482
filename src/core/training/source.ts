/** A source of videos with human scores, as a recipe names it. Paths are checked against the server's roots. */
import { z } from 'zod';

/**
 * How a score becomes the label of training. `as-written`: it stands on the scale 0–5 already (the released JSONL is
 * MOS/20). `mos/20`: MOS of 0–100. `1-5`: 1 + 4·(MOS − low) / (high − low) with `mosRange`. `raw`: any finite number;
 * for held-out sources only, where nothing but correlation is asked of it.
 */
export const labelRules = ['as-written', 'mos/20', '1-5', 'raw'] as const;
export type LabelRule = (typeof labelRules)[number];

/** Every label of training lies in it. */
export const labelRange: readonly [low: number, high: number] = [0, 5];

const path = z.string().min(1).max(4096);
const common = {
  /** Name in reports, metrics and errors. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$/),
  labels: z.enum(labelRules).default('as-written'),
  /** Range of the file's own scale, for `1-5`. */
  mosRange: z.tuple([z.number(), z.number()]).optional(),
  /** A share of the videos, [from, to) of their seeded permutation: a held-out slice and its rest. */
  part: z
    .strictObject({ seed: z.int(), from: z.number().min(0).max(1), to: z.number().min(0).max(1) })
    .refine(({ from, to }) => from < to, 'from must be smaller than to')
    .optional(),
  /** At most so many videos, the first of the permutation (of the file's order without `part`). */
  limit: z.int().min(1).optional(),
};

/** One folder, or one for each `dataset_name`. */
const folders = z.union([path, z.record(z.string().max(200), path)]);

export const sourceSchema = z
  .discriminatedUnion('kind', [
    /** The released form: one JSON object a line, `id, dataset_name, image, conversations`. */
    z.strictObject({ kind: z.literal('jsonl'), ...common, file: path, folder: folders }),
    /** One of the ten benchmark files: `{"annotations": [{image_id, ann_type, score}]}`. */
    z.strictObject({ kind: z.literal('annotations'), ...common, file: path, folder: path }),
    /** Columns `path` and `mos`, others are ignored; without a header the first two (or DOVER's four: path, …, mos). */
    z.strictObject({ kind: z.literal('csv'), ...common, file: path, folder: path }),
    /** Clips that `npm run make-clips` draws, with labels by its own rule. */
    z.strictObject({
      kind: z.literal('procedural'),
      ...common,
      split: z.enum(['train', 'test', 'family']),
      clips: z.int().min(1).max(100_000),
      /** Longest clip; every frame is drawn, so that shorter is faster. */
      frames: z.int().min(8).max(420).default(48),
      /** First scene (four clips each); sources with other scenes share no scene. */
      first: z.int().min(0).default(0),
    }),
  ])
  .superRefine((source, context) => {
    const [low, high] = source.mosRange ?? [0, 1];
    if (source.labels === '1-5' && (source.mosRange === undefined || !(low < high)))
      context.addIssue({
        code: 'custom',
        path: ['mosRange'],
        message: 'labels "1-5" needs the range of the file\'s scale: two numbers, the smaller first',
      });
  });

export type Source = z.output<typeof sourceSchema>;
