/**
 * Data sources of a recipe: videos and labels. Paths must lie within a root of the server (or where the command
 * runs). Ours.
 */
import { z } from 'zod';

const path = z.string().min(1).max(4096);
const part = z
  .strictObject({
    seed: z.int().describe('Seed of the permutation.'),
    from: z.number().min(0).max(1).describe('Where the share begins.'),
    to: z.number().min(0).max(1).describe('Where it ends.'),
  })
  .refine(({ from, to }) => from < to, 'must have a from below its to');

const onDisk = {
  file: path.describe('File of the labels.'),
  root: path
    .nullable()
    .default(null)
    .describe('Folder that the video paths start from; null = the file’s own.'),
  range: z
    .tuple([z.number(), z.number()])
    .default([0, 100])
    .describe('Scale of the labels as the file has them, e.g. [0, 100] or [1, 5].'),
  labels: z
    .enum(['asWritten', 'mosOver20', 'rescaled1to5'])
    .nullable()
    .default(null)
    .describe(
      'What training sees: the label as written, or brought to 0…100 by its range and then MOS/20 or 1 + 4·MOS/100; null = as the rules say.',
    ),
  part: part
    .nullable()
    .default(null)
    .describe('A share [from, to) of the videos in seeded order: a held-out slice and its rest.'),
  maxMissing: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Share of the videos that may be missing; with more (and more than ten) no run starts.'),
  limit: z.int().min(1).nullable().default(null).describe('Only the first so many videos; null = all.'),
};

const jsonl = z.strictObject({
  kind: z
    .literal('jsonl')
    .describe(
      'One JSON object a line, as the released code trains from: the path in `image`, the label in the last turn of `conversations`.',
    ),
  ...onDisk,
  root: z
    .union([path, z.record(z.string().max(200), path)])
    .nullable()
    .default(null)
    .describe(
      'Folder that the video paths start from, or one for each `dataset_name`; null = the file’s own.',
    ),
});
const annotations = z.strictObject({
  kind: z
    .literal('annotations')
    .describe('Annotation file of a benchmark: `annotations` with `image_id` and `score`.'),
  ...onDisk,
});
const csv = z.strictObject({
  kind: z.literal('csv').describe('Columns `path` and `mos`; without a header the first two.'),
  ...onDisk,
});
const paths = z.strictObject({
  kind: z
    .literal('paths')
    .describe('Videos without labels, one path a line, to train on by `rules.rankTruth` "votes".'),
  file: path.describe('File of the paths.'),
  root: onDisk.root,
  part: onDisk.part,
  maxMissing: onDisk.maxMissing,
  limit: onDisk.limit,
});
const procedural = z.strictObject({
  kind: z.literal('procedural').describe('Clips drawn by the generator, labels 1 to 5; made once and kept.'),
  split: z
    .enum(['train', 'test', 'family'])
    .describe('Scenes apart from each other: trained on, held out, or of a family never trained on.'),
  groups: z
    .int()
    .min(1)
    .max(25_000)
    .describe('Scenes; each gives four clips, a clean one and three distorted ones.'),
});

export const sourceSchema = z.discriminatedUnion('kind', [jsonl, annotations, csv, paths, procedural]);
/** A data source as a recipe names it. */
export type DataSource = z.infer<typeof sourceSchema>;
