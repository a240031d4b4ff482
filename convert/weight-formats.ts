/** What a dtype and a dialect mean for each kind of weight. One table; the lowerings ask it and decide nothing. */
import type { Manifest } from '../core/files/manifest.ts';
import type { LinearForm } from './linear.ts';

export type Dtype = Manifest['variants'][number]['dtype'];
export type Dialect = Manifest['variants'][number]['dialect'];

/** Suffixes under which transformers.js looks for a dtype's files. */
export const suffixes: Readonly<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  q4: '_q4',
  q4f16: '_q4f16',
};

/** Folders of the dialects. */
export const folders: Readonly<Record<Dialect, string>> = { webgpu: 'onnx', wasm: 'onnx-wasm' };

export type ConvolutionForm = 'float32' | 'float16';
export type EmbeddingForm = 'float32' | 'float16' | 'rows8' | 'blocks8';

export interface Forms {
  readonly dialect: Dialect;
  /** Matrices of the vision encoder and the motion projector. */
  readonly encoder: LinearForm;
  readonly convolution: ConvolutionForm;
  readonly embedding: EmbeddingForm;
  /** Matrices of the language model's layers. */
  readonly decoder: LinearForm;
  /** The head is never coarser than 8 bits. */
  readonly head: LinearForm;
  /** Activations and KV cache of the decoder in float16. */
  readonly half: boolean;
}

const blocks = (bits: 4 | 8, half = false) => ({ kind: 'blocks', bits, half }) as const;
const float32 = { kind: 'float32' } as const;
const float16 = { kind: 'float16' } as const;
const folded = { kind: 'folded' } as const;

/** @throws RangeError for a pair that does not exist: the wasm dialect has fp32 and q8 */
export function formsOf(dtype: Dtype, dialect: Dialect): Forms {
  if (dialect === 'wasm') {
    const plain = { dialect, half: false } as const;
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
    throw new RangeError(`the wasm dialect has no ${dtype}`);
  }
  switch (dtype) {
    case 'fp32':
      return {
        dialect,
        encoder: float32,
        convolution: 'float32',
        embedding: 'float32',
        decoder: float32,
        head: float32,
        half: false,
      };
    case 'fp16':
      return {
        dialect,
        encoder: float16,
        convolution: 'float16',
        embedding: 'float16',
        decoder: float16,
        head: float16,
        half: false,
      };
    case 'q8':
      return {
        dialect,
        encoder: blocks(8),
        convolution: 'float16',
        embedding: 'blocks8',
        decoder: blocks(8),
        head: blocks(8),
        half: false,
      };
    case 'q4':
      return {
        dialect,
        encoder: blocks(8),
        convolution: 'float16',
        embedding: 'blocks8',
        decoder: blocks(4),
        head: blocks(8),
        half: false,
      };
    case 'q4f16':
      return {
        dialect,
        encoder: blocks(8),
        convolution: 'float16',
        embedding: 'blocks8',
        decoder: blocks(4, true),
        head: blocks(8, true),
        half: true,
      };
  }
}
