/** Routes of recipes, checkpoints and packages. */
import { z } from 'zod';
import { readVariants } from '../../../convert/package.ts';
import { CodedError } from '../../../core/errors.ts';
import { manifestSchema } from '../../../core/files/manifest.ts';
import { checkpointSchema, recipeCardSchema } from '../../../core/training/run.ts';
import { Checkpoints } from '../checkpoints.ts';
import { sendFile } from '../files.ts';
import { recipeCards } from '../recipes.ts';
import { type Route, route } from '../route.ts';
import type { Services } from '../services.ts';

/** Bytes of a checkpoint above which 8-bit weights exceed the memory of most browsers. */
const LARGE = 4e9;

const variants = z
  .string()
  .max(200)
  .refine((text) => {
    try {
      return readVariants(text).length > 0;
    } catch {
      return false;
    }
  }, 'must be variants as `npm run convert -- --variants` takes them');

const types: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
};
const packageParams = z.strictObject({ id: z.string().regex(/^[a-z0-9-]{1,100}$/) });

export function modelRoutes({ runs, roots, packages }: Services): Route[] {
  const checkpoints = new Checkpoints(runs, roots, packages);
  return [
    route({
      method: 'GET',
      path: '/api/recipes',
      tag: 'recipes',
      summary: 'Recipes that ship, as written and resolved',
      sends: z.array(recipeCardSchema),
      handle: async () => ({ json: await recipeCards(roots) }),
    }),
    route({
      method: 'GET',
      path: '/api/checkpoints',
      tag: 'models',
      summary: 'Checkpoints of runs, and folders in the official layout below the roots',
      sends: z.array(checkpointSchema),
      handle: async () => ({ json: await checkpoints.list() }),
    }),
    route({
      method: 'POST',
      path: '/api/checkpoints/:id/package',
      tag: 'models',
      summary: 'Begins a package for the page; its progress stands at the checkpoint',
      params: z.strictObject({ id: z.string().min(1).max(500) }),
      body: z.strictObject({
        variants: variants.optional().describe('Default: q8 for both back ends, q4f16 above 4 GB'),
      }),
      sends: checkpointSchema,
      status: 202,
      fails: ['train/checkpoint-id', 'train/closing'],
      handle: async ({ params, body }) => {
        const { bytes, ...source } = await checkpoints.source(params.id);
        const chosen = body.variants ?? (bytes > LARGE ? 'webgpu:q4f16' : 'webgpu:q8,wasm:q8');
        await packages.make({ checkpoint: params.id, variants: chosen, ...source });
        return { status: 202, json: await checkpoints.one(params.id) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/packages/:id/manifest.json',
      tag: 'models',
      summary: 'Manifest of a finished package',
      params: packageParams,
      sends: manifestSchema,
      fails: ['train/package'],
      handle: async ({ params }) => ({ json: await packages.manifest(params.id) }),
    }),
    route({
      method: 'GET',
      path: '/api/packages/:id/files/*',
      tag: 'models',
      summary: 'A file that the manifest names, or `manifest.json`; ranges are answered',
      params: packageParams.extend({ path: z.string().min(1).max(1000).describe('Path in the package') }),
      sends: 'application/octet-stream',
      fails: ['train/package', 'train/range'],
      handle: async ({ params: { id, path }, ...asked }) => {
        const manifest = await packages.manifest(id);
        const file = manifest.files.find((listed) => listed.path === path);
        const absent = new CodedError('train/package', { id: `${id}/${path}`.slice(0, 200) });
        // Only paths that the manifest lists are served.
        if (file === undefined && path !== 'manifest.json') throw absent;
        const type = types[/\.[a-z]+$/.exec(path)?.[0] ?? ''] ?? 'application/octet-stream';
        await sendFile(asked, packages.folder(id), path, type, absent, file?.sha256);
        return null;
      },
    }),
  ];
}
