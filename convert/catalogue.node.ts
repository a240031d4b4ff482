/**
 * Sizes of the catalogue's models, from their shapes and the converter's formulas:
 *
 *     node convert/catalogue.node.ts     writes core/files/model-catalogue.json
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { profileNamed } from '../core/files/checkpoint.ts';
import type { CatalogueSizes } from '../core/files/model-catalogue.ts';
import { Checkpoint } from './checkpoint.ts';
import { plannedFiles, variantEntry } from './estimate.ts';
import { elementsOf, hollowCheckpoint } from './hollow.ts';
import { type VariantChoice, variantGraphs } from './model.ts';
import { converter } from './package.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'core', 'files', 'model-catalogue.json');

/** Shape of each model, and the variants that are worth making of it. */
const MODELS: Readonly<
  Record<string, { readonly config: string | null; readonly variants: readonly VariantChoice[] }>
> = {
  'vqathinker-8b': { config: null, variants: [{ target: 'webgpu', dtype: 'q4f16' }] },
  tiny: {
    config: 'training-server/checkpoints/tiny/config.json',
    variants: [
      { target: 'webgpu', dtype: 'q8' },
      { target: 'wasm', dtype: 'q8' },
    ],
  },
};

/** Bytes of the weights of a checkpoint in this repository. */
const weightBytes = async (config: string): Promise<number> =>
  (await stat(join(root, dirname(config), 'model.safetensors'))).size;

/** Computes the sizes of every model of the catalogue; reads no weights. */
export async function catalogueSizes(): Promise<Record<string, CatalogueSizes>> {
  const sizes: Record<string, CatalogueSizes> = {};
  for (const [id, { config: path, variants: choices }] of Object.entries(MODELS)) {
    const json = path === null ? {} : JSON.parse(await readFile(join(root, path), 'utf8'));
    const { config, shapes, files } = hollowCheckpoint(json);
    const checkpoint = await Checkpoint.open(files);
    const profile = profileNamed(config);
    const planned = choices.map((choice) => {
      const graphs = variantGraphs(checkpoint, profile, choice);
      const written = plannedFiles(graphs, choice, converter);
      const largestTensor = Math.max(...graphs.flatMap((g) => g.weights.map(({ bytes }) => bytes)));
      return { entry: variantEntry(choice, graphs, written, config, profile), written, largestTensor };
    });
    const { parameters, buffers } = elementsOf(shapes);
    sizes[id] = {
      parameters,
      checkpointBytes: path === null ? 2 * (parameters + buffers) : await weightBytes(path),
      frames: profile.frames,
      size: profile.size,
      largestTensor: Math.max(...planned.map(({ largestTensor }) => largestTensor)),
      variants: planned.map(({ entry }) => entry),
      files: planned.flatMap(({ written }) => written),
    };
  }
  return sizes;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(target, `${JSON.stringify(await catalogueSizes(), null, 2)}\n`);
}
