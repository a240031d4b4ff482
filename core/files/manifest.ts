/**
 * A model package's manifest (format 2; format 1 is read too): files, variants with their needs, input profile,
 * measured metrics. Ours.
 */
import { z } from 'zod';
import { CodedError } from '../errors.ts';
import { profileSchema, sha256 } from '../sampling/profile-schema.ts';
import { readAs } from '../schema.ts';
import { currentManifest } from './earlier-formats.ts';

export const manifestFormat = 2;

const bytes = z.int().nonnegative();

/**
 * True for a path that stays inside the package: relative, `/` between parts, no empty, `.` or `..` part, and none of
 * the characters with which a URL parser or a file system would read it otherwise (`%2e%2e` is `..` to a URL parser).
 */
export function isPackagePath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (path === '' || /[\u0000-\u001f\u007f\\:%?#]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

const unsafe = 'leaves the package';
const path = z.string().refine(isPackagePath, unsafe);

const range = z.union([z.tuple([z.literal(1), z.literal(5)]), z.tuple([z.literal(0), z.literal(5)])]);

/** Values at 0, 1, … 100 %. */
const quantiles = z
  .array(z.number())
  .length(101, 'must have 101 values')
  .refine((q) => q.every((v, i) => i === 0 || v >= q[i - 1]!), 'must not fall');

/** Data sets that a model was trained on, by n of their videos or by published features of those. */
const datasets = z
  .array(
    z.strictObject({
      name: z.string().min(1),
      n: z.int().positive(),
      how: z.enum(['videos', 'features']),
    }),
  )
  .min(1);

const scale = z.discriminatedUnion('kind', [
  /**
   * Human opinion scores: the model was trained on those of n videos of the named data sets, and score = map(MOS). `how`:
   * from their videos, or from published features of them. `opinions`: quantiles of the scores that n videos have on this
   * scale.
   */
  z.strictObject({
    kind: z.literal('human'),
    range,
    datasets,
    map: z.string().min(1),
    opinions: z.strictObject({ n: z.int().positive(), quantiles }).optional(),
  }),
  /** The model's own scale: quantiles of its scores on n held-out clips. */
  z.strictObject({
    kind: z.literal('own'),
    range,
    population: z.string().min(1),
    n: z.int().positive(),
    quantiles,
  }),
  /** An unmeasured model: a score has a range and no population. */
  z.strictObject({ kind: z.literal('unmeasured'), range }),
]);

/**
 * Logits that a variant must give on any device: computed from its own files by onnxruntime on the processor. `expected`
 * is one entry for each of the last tokens of `ids`: the largest logits after it, best first. `bound` is the largest
 * difference of a logit that is arithmetic and no fault.
 */
const selfTest = z
  .strictObject({
    ids: z.array(z.int().nonnegative()).min(2),
    expected: z
      .array(
        z.strictObject({ tokens: z.array(z.int().nonnegative()).min(2), logits: z.array(z.number()).min(2) }),
      )
      .min(1),
    bound: z.number().positive(),
  })
  .refine(({ ids, expected }) => expected.length < ids.length, 'has as many positions as tokens')
  .refine(
    ({ expected }) => expected.every(({ tokens, logits }) => tokens.length === logits.length),
    'has a logit for each token',
  );

const variant = z
  .strictObject({
    dtype: z.enum(['fp32', 'fp16', 'q8', 'q4', 'q4f16']),
    target: z.enum(['webgpu', 'wasm']),
    files: z.array(path).min(1),
    /** Peak bytes on the adapter, and of the page's memory. */
    gpuBytes: bytes,
    heapBytes: bytes,
    needs: z.array(z.enum(['shader-f16'])).default([]),
    /** Sessions that the language decoder is cut into (`decoder_model_0` …); 1 = `decoder_model_merged`. */
    decoderParts: z.int().positive().default(1),
    selfTest: selfTest.exactOptional(),
  })
  .refine((v) => v.target === 'webgpu' || v.dtype === 'fp32' || v.dtype === 'q8', {
    path: ['dtype'],
    message: 'must be fp32 or q8 for the target wasm',
  });

const metric = z.strictObject({
  name: z.string().min(1),
  value: z.number(),
  /** 95 % interval. */
  low: z.number().optional(),
  high: z.number().optional(),
  n: z.int().nonnegative(),
  /** The command that prints the metric. */
  command: z.string().min(1),
});

export const manifestSchema = z
  .strictObject({
    format: z.literal(manifestFormat),
    name: z.string().min(1),
    family: z.literal('vqathinker'),
    producedBy: z.strictObject({
      converter: z.string().min(1),
      /** Of the weight file; of several, that of the lines `<sha256>  <name>`. */
      checkpointSha256: sha256,
      command: z.string(),
      /** Repository and commit that the checkpoint was read from. */
      source: z.strictObject({ repository: z.string().min(1), commit: z.string().min(1) }).optional(),
    }),
    profile: profileSchema,
    /**
     * Features of whole frames that the motion encoder reads as `quality_features`: `videval47` are the columns of
     * `core/sampling/human-features.json`. Absent: none.
     */
    qualityFeatures: z.strictObject({ set: z.literal('videval47'), version: z.literal(1) }).exactOptional(),
    scale,
    /**
     * A head beside the model that estimates human scores from quality features: its file, the data sets that it learnt
     * from, and the distance within which 95 % of n test clips had their score.
     */
    humanHead: z
      .strictObject({
        path,
        set: z.literal('videval47'),
        version: z.literal(1),
        datasets,
        test: z.strictObject({ n: z.int().positive(), halfWidth: z.number().positive() }),
      })
      .exactOptional(),
    variants: z.array(variant).min(1),
    files: z.array(z.strictObject({ path, bytes, sha256 })).min(1),
    metrics: z.array(metric),
    licence: z.string().min(1),
    card: z.literal('README.md'),
  })
  .superRefine((manifest, context) => {
    const listed = new Set<string>();
    for (const [i, file] of manifest.files.entries()) {
      if (listed.has(file.path)) {
        context.addIssue({ code: 'custom', path: ['files', i, 'path'], message: 'is named twice' });
      }
      listed.add(file.path);
    }
    const head = manifest.humanHead?.path;
    if (head !== undefined && !listed.has(head)) {
      context.addIssue({ code: 'custom', path: ['humanHead', 'path'], message: `${head} is not in files` });
    }
    for (const [i, v] of manifest.variants.entries()) {
      for (const [k, name] of v.files.entries()) {
        if (listed.has(name)) continue;
        context.addIssue({
          code: 'custom',
          path: ['variants', i, 'files', k],
          message: `${name} is not in files`,
        });
      }
    }
  });

export type Manifest = z.infer<typeof manifestSchema>;
export type Variant = Manifest['variants'][number];
export type SelfTest = z.infer<typeof selfTest>;
export type Scale = Manifest['scale'];

/**
 * A manifest from parsed JSON.
 *
 * @throws CodedError `model/version` {format, reads} for another format, `model/family` {family} for a package of VQA²,
 *   whose manifest is `core/vqa2/manifest.ts`, `model/unsafe` {path} for a path that leaves
 *   the package, `model/manifest` {field, problem} for any other fault
 */
export function readManifest(json: unknown): Manifest {
  const value = currentManifest(json);
  if (typeof value === 'object' && value !== null && 'format' in value) {
    const format = value.format;
    if (typeof format === 'number' && format !== manifestFormat) {
      throw new CodedError('model/version', { format, reads: manifestFormat });
    }
  }
  if (typeof value === 'object' && value !== null && 'family' in value && value.family === 'vqa2')
    throw new CodedError('model/family', { family: value.family });
  const bad = namedPaths(value).find((name) => !isPackagePath(name));
  if (bad !== undefined) throw new CodedError('model/unsafe', { path: bad });
  return readAs(manifestSchema, value, 'model/manifest');
}

/** Every path in a manifest of any shape, checked before the schema, so that a hostile manifest is reported as unsafe. */
function namedPaths(value: unknown): string[] {
  const shape = z.object({
    files: z.array(z.unknown()).catch([]),
    variants: z.array(z.object({ files: z.array(z.unknown()).catch([]) }).catch({ files: [] })).catch([]),
  });
  const read = shape.safeParse(value);
  if (!read.success) return [];
  const filePaths = read.data.files.map((file) =>
    typeof file === 'object' && file !== null && 'path' in file ? file.path : undefined,
  );
  return [...filePaths, ...read.data.variants.flatMap((v) => v.files)].filter((p) => typeof p === 'string');
}
