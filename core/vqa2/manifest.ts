/** A VQA² package's manifest: what the graphs take, the role and protocol to score with, ids of the level words. Ours. */
import { z } from 'zod';
import { CodedError } from '../errors.ts';
import {
  isPackagePath,
  type Manifest,
  manifestFormat,
  manifestSchema,
  readManifest,
} from '../files/manifest.ts';
import { readAs } from '../schema.ts';
import { scoreProtocolIds } from './protocols.ts';

const { name, producedBy, variants, files, metrics, licence, card } = manifestSchema.shape;
const count = z.int().positive();
const tokenId = z.int().nonnegative();

/** `scorer` and `streaming` are the released scorers, `assistant` answers questions and scores too. */
export const vqa2Roles = ['scorer', 'streaming', 'assistant'] as const;
export type Vqa2Role = (typeof vqa2Roles)[number];

const schema = z
  .strictObject({
    format: z.literal(manifestFormat),
    name,
    family: z.literal('vqa2'),
    role: z.enum(vqa2Roles),
    producedBy,
    network: z.strictObject({
      /** Side of every frame in pixels. */
      side: count,
      /** Patches a side, and tokens a side after pooling. */
      grid: count,
      pooled: count,
      /** Neighbours on each side that a dense frame's token depends on, and most dense frames. */
      halo: z.int().nonnegative(),
      positions: count,
      /** Length of a token's embedding. */
      width: count,
      /** Width and height of the canvases that an image is cut from. */
      canvases: z.array(z.tuple([count, count])),
    }),
    /** Protocol that the checkpoint is scored with. */
    protocol: z.enum(scoreProtocolIds),
    /** Ids of ` high`, ` good`, ` fair`, ` poor`, ` low`. */
    levelIds: z.tuple([tokenId, tokenId, tokenId, tokenId, tokenId]),
    variants,
    files,
    metrics,
    licence,
    card,
  })
  .superRefine((manifest, context) => {
    const listed = new Set(manifest.files.map(({ path }) => path));
    if (listed.size !== manifest.files.length)
      context.addIssue({ code: 'custom', path: ['files'], message: 'names a file twice' });
    for (const [i, variant] of manifest.variants.entries())
      for (const [k, path] of variant.files.entries())
        if (!listed.has(path))
          context.addIssue({
            code: 'custom',
            path: ['variants', i, 'files', k],
            message: `${path} is not in files`,
          });
    if (new Set(manifest.levelIds).size < manifest.levelIds.length)
      context.addIssue({ code: 'custom', path: ['levelIds'], message: 'must be five tokens' });
  });

export type Vqa2Manifest = z.infer<typeof schema>;

/** Default protocol of a role: that of the first published code, with which the released checkpoints were measured. */
export const roleProtocols = {
  scorer: 'ugc-2024',
  streaming: 'streaming-2024',
  assistant: 'ugc-2024',
} as const satisfies Readonly<Record<Vqa2Role, Vqa2Manifest['protocol']>>;

/** True for the manifest of a package of this family, of whatever format. */
export function isVqa2Manifest(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'family' in json && json.family === 'vqa2';
}

/**
 * @throws CodedError `model/version` {format, reads} for another format, `model/unsafe` {path} for a path that leaves the
 *   package, `model/manifest` {field, problem} for any other fault
 */
export function readVqa2Manifest(json: unknown): Vqa2Manifest {
  const listed = z
    .looseObject({ format: z.unknown(), files: z.array(z.looseObject({ path: z.string() })).catch([]) })
    .safeParse(json);
  const { format, files: paths } = listed.success ? listed.data : { format: undefined, files: [] };
  if (typeof format === 'number' && format !== manifestFormat)
    throw new CodedError('model/version', { format, reads: manifestFormat });
  const unsafe = paths.find(({ path }) => !isPackagePath(path));
  if (unsafe !== undefined) throw new CodedError('model/unsafe', { path: unsafe.path });
  return readAs(schema, json, 'model/manifest');
}

/** The manifest of a package of either family, told apart by `family`. */
export type PackageManifest = Manifest | Vqa2Manifest;

/** @throws CodedError as `readManifest` and `readVqa2Manifest` do */
export function readPackageManifest(json: unknown): PackageManifest {
  return isVqa2Manifest(json) ? readVqa2Manifest(json) : readManifest(json);
}
