/** Weight format of each kind of weight, by dtype and target: the only place that decides it. */
import type { Manifest } from '../core/files/manifest.ts';
import type { LinearFormat } from './linear.ts';

export type Dtype = Manifest['variants'][number]['dtype'];
export type Target = Manifest['variants'][number]['target'];

/** Suffixes under which transformers.js looks for a dtype's files. */
export const dtypeSuffixes: Readonly<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  q4: '_q4',
  q4f16: '_q4f16',
};

/** Name of a graph's `.onnx`. */
export const graphFile = (graph: string, dtype: Dtype): string => `${graph}${dtypeSuffixes[dtype]}.onnx`;

/** Folders of the targets. */
export const targetFolders: Readonly<Record<Target, string>> = { webgpu: 'onnx', wasm: 'onnx-wasm' };

export type ConvolutionFormat = 'float32' | 'float16';
export type EmbeddingFormat = 'float32' | 'float16' | 'rows8' | 'blocks8';

export interface WeightFormats {
  readonly target: Target;
  /** Matrices of the vision encoder and the motion projector. */
  readonly encoder: LinearFormat;
  readonly convolution: ConvolutionFormat;
  readonly embedding: EmbeddingFormat;
  /** Matrices of the language model's layers. */
  readonly decoder: LinearFormat;
  /** The head is never coarser than 8 bits. */
  readonly head: LinearFormat;
  /** Activations and KV cache of the decoder in float16. */
  readonly half: boolean;
}

const blocks = (bits: 4 | 8, half = false) => ({ kind: 'blocks', bits, half }) as const;
const float32 = { kind: 'float32' } as const;
const float16 = { kind: 'float16' } as const;
const folded = { kind: 'folded' } as const;

/** @throws RangeError for a pair that does not exist: the wasm target has fp32 and q8 */
export function weightFormatsOf(dtype: Dtype, target: Target): WeightFormats {
  if (target === 'wasm') {
    const plain = { target, half: false } as const;
    if (dtype === 'fp32') {
      return {
        ...plain,
        encoder: float32,
        convolution: 'float32',
        embedding: 'float32',
        decoder: float32,
        head: float32,
      };
    }
    if (dtype === 'q8') {
      return {
        ...plain,
        encoder: folded,
        convolution: 'float16',
        embedding: 'rows8',
        decoder: folded,
        head: folded,
      };
    }
    throw new RangeError(`the wasm target has no ${dtype}`);
  }
  switch (dtype) {
    case 'fp32':
      return {
        target,
        encoder: float32,
        convolution: 'float32',
        embedding: 'float32',
        decoder: float32,
        head: float32,
        half: false,
      };
    case 'fp16':
      return {
        target,
        encoder: float16,
        convolution: 'float16',
        embedding: 'float16',
        decoder: float16,
        head: float16,
        half: false,
      };
    case 'q8':
      return {
        target,
        encoder: blocks(8),
        convolution: 'float16',
        embedding: 'blocks8',
        decoder: blocks(8),
        head: blocks(8),
        half: false,
      };
    case 'q4':
      return {
        target,
        encoder: blocks(8),
        convolution: 'float16',
        embedding: 'blocks8',
        decoder: blocks(4),
        head: blocks(8),
        half: false,
      };
    case 'q4f16':
      return {
        target,
        encoder: blocks(8),
        convolution: 'float16',
        embedding: 'blocks8',
        decoder: blocks(4, true),
        head: blocks(8, true),
        half: true,
      };
  }
}
