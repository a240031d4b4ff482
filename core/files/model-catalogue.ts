/**
 * Models that are not on this device until somebody brings them: where their weights are, and their sizes. The sizes
 * are computed from the shape by the converter's formulas (convert/catalogue.node.ts). Ours.
 */
import type { Variant } from './manifest.ts';
import sizes from './model-catalogue.json' with { type: 'json' };

export type CatalogueId = keyof typeof sizes;

/** Computed from the shape. */
export interface CatalogueSizes {
  readonly parameters: number;
  /** Bytes of the weights as they are released. */
  readonly checkpointBytes: number;
  /** Sampled frames, and pixels of a side. */
  readonly frames: number;
  readonly size: number;
  /** Bytes of the largest weight of the package. */
  readonly largestTensor: number;
  /** As in a manifest. */
  readonly variants: readonly Variant[];
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

export interface CatalogueModel extends CatalogueSizes {
  readonly id: CatalogueId;
  readonly name: string;
  /** Trained weights: released by others, in this repository, or none that anybody has published. */
  readonly weights: 'released' | 'repository' | 'none';
  /** Page of the released weights, or of the base model that training starts from; null for a folder of this repository. */
  readonly release: string | null;
  /** Folder of the checkpoint as it is named in the commands. */
  readonly folder: string;
  /** Name of the method in the table of published metrics; null for a model without any. */
  readonly published: string | null;
  /** True when the weights were trained on human ratings. */
  readonly humanRatings: boolean;
  /** Prefixes of the recipes that train this shape. */
  readonly recipes: readonly string[];
}

const entries: readonly Omit<CatalogueModel, keyof CatalogueSizes>[] = [
  {
    id: 'tiny',
    name: 'VQAThinker tiny',
    weights: 'repository',
    release: null,
    folder: 'training-server/checkpoints/tiny',
    published: null,
    humanRatings: false,
    recipes: ['tiny-'],
  },
  {
    id: 'vqathinker-1b',
    name: 'VQAThinker-1B',
    weights: 'none',
    release: 'https://huggingface.co/OpenGVLab/InternVL3-1B',
    folder: 'checkpoints/InternVL3-1B-motion',
    published: null,
    humanRatings: false,
    recipes: ['vqathinker-1b'],
  },
  {
    id: 'vqathinker-2b',
    name: 'VQAThinker-2B',
    weights: 'none',
    release: 'https://huggingface.co/OpenGVLab/InternVL3-2B',
    folder: 'checkpoints/InternVL3-2B-motion',
    published: null,
    humanRatings: false,
    recipes: ['vqathinker-2b'],
  },
  {
    id: 'vqathinker-8b',
    name: 'VQAThinker-8B',
    weights: 'released',
    // Named by the README of the official code, github.com/clh124/VQAThinker.
    release: 'https://huggingface.co/kkkkkklinhan/InternVL3-VQAThinker-8B',
    folder: 'InternVL3-VQAThinker-8B',
    published: 'VQAThinker',
    humanRatings: true,
    recipes: ['vqathinker-8b', 'ablation-'],
  },
];

const sizesOf: Readonly<Record<CatalogueId, CatalogueSizes>> = sizes as unknown as Readonly<
  Record<CatalogueId, CatalogueSizes>
>;

/** Smallest first. */
export const modelCatalogue: readonly CatalogueModel[] = entries.map((entry) => ({
  ...entry,
  ...sizesOf[entry.id],
}));
