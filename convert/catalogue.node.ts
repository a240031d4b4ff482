/**
 * Sizes of the catalogue's models, from their shapes and the converter's formulas:
 *
 *     node convert/catalogue.node.ts     writes core/files/model-catalogue.json
 */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CatalogueSizes } from '../core/files/model-catalogue.ts';
import { elementsOf } from './hollow.ts';
import type { VariantChoice } from './model.ts';
import { planPackage } from './plan.ts';

const root = join(import.meta.dirname, '..');
const target = join(root, 'core', 'files', 'model-catalogue.json');

interface Shaped {
  /** Path of a config.json in this repository, or what it holds beside the defaults, which are the 8B. */
  readonly config: string | object;
  readonly variants: readonly VariantChoice[];
}

const q4f16 = [{ target: 'webgpu', dtype: 'q4f16' }] as const;

/** Decoder of a small model of the released family, as `engine/shapes.py` has it; vision and motion are the 8B's. */
const decoder = (hidden: number, intermediate: number, layers: number, heads: number) => ({
  llm_config: {
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: 2,
  },
});

/** Shape of each model, and the variants that are worth making of it. */
const MODELS: Readonly<Record<string, Shaped>> = {
  tiny: {
    config: 'training-server/checkpoints/tiny/config.json',
    variants: [
      { target: 'webgpu', dtype: 'q8' },
      { target: 'wasm', dtype: 'q8' },
    ],
  },
  'vqathinker-1b': { config: decoder(896, 4864, 24, 14), variants: q4f16 },
  'vqathinker-2b': { config: decoder(1536, 8960, 28, 12), variants: q4f16 },
  'vqathinker-8b': { config: {}, variants: q4f16 },
};

/** Bytes of the weights of a checkpoint in this repository. */
const weightBytes = async (config: string): Promise<number> =>
  (await stat(join(root, dirname(config), 'model.safetensors'))).size;

/** Computes the sizes of every model of the catalogue; reads no weights. */
export async function catalogueSizes(): Promise<Record<string, CatalogueSizes>> {
  const sizes: Record<string, CatalogueSizes> = {};
  for (const [id, { config, variants: choices }] of Object.entries(MODELS)) {
    const path = typeof config === 'string' ? config : null;
    const json = path === null ? config : JSON.parse(await readFile(join(root, path), 'utf8'));
    const { profile, shapes, ...planned } = await planPackage(json as object, choices);
    const { parameters, buffers } = elementsOf(shapes);
    sizes[id] = {
      parameters,
      checkpointBytes: path === null ? 2 * (parameters + buffers) : await weightBytes(path),
      frames: profile.frames,
      size: profile.size,
      largestTensor: planned.largestTensor,
      variants: planned.variants,
      files: planned.files,
    };
  }
  return sizes;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(target, `${JSON.stringify(await catalogueSizes(), null, 2)}\n`);
}
