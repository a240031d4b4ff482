/** The conversion of a checkpoint folder to a package: one at a time; it outlives the view that started it. */
import { createStore } from 'zustand/vanilla';
import { type CodedErrorData, isAbort } from '../../../core/errors.ts';
import type { VariantChoice } from '../../../workers/convert/api.ts';
import type { FolderFile } from '../../../workers/model/api.ts';
import { CurrentRun } from '../run/run-handle.ts';
import { toErrorData } from './model-store.ts';

export interface ConversionState {
  /** Name of the folder that is being converted, null without one. */
  readonly name: string | null;
  /** Whole percent of the bytes to read and write. */
  readonly percent: number;
  readonly error: CodedErrorData | null;
}

/** Weights from this size on make a package for graphics adapters alone: no WebAssembly memory holds them. */
const LARGE = 1.5e9;

/**
 * Variants that this page makes of a checkpoint: 4 bits for a large one, else 8 bits for both targets.
 *
 * @param weightBytes of the checkpoint's safetensors files
 */
export function variantsFor(weightBytes: number): readonly VariantChoice[] {
  if (weightBytes >= LARGE) return [{ target: 'webgpu', dtype: 'q4f16' }];
  return [
    { target: 'webgpu', dtype: 'q8' },
    { target: 'wasm', dtype: 'q8' },
  ];
}

/**
 * Bytes of storage that a conversion in this page takes: the package, and its copy in the store of packages. The 8B
 * takes a third of its bfloat16 weights at q4f16; 8 bits for both targets take a little more than the weights.
 */
export function storageFor(weightBytes: number): number {
  const share = variantsFor(weightBytes).length === 1 ? 1 / 3 : 1.15;
  return Math.ceil(2 * share * weightBytes);
}

/** @returns the id of the package, null when it could not be stored */
export type Convert = (
  name: string,
  files: readonly FolderFile[],
  onProgress: (share: number) => void,
  signal: AbortSignal,
) => Promise<string | null>;

const IDLE: ConversionState = { name: null, percent: 0, error: null };

export function createConversion(convert: Convert) {
  const store = createStore<ConversionState>(() => IDLE);
  const current = new CurrentRun();
  return {
    store,
    /** @returns the id of the new package; null after an error (in the state) or a stop, or when one runs already */
    async start(name: string, files: readonly FolderFile[]): Promise<string | null> {
      if (current.isRunning()) return null;
      const run = current.begin();
      store.setState({ name, percent: 0, error: null });
      let error: CodedErrorData | null = null;
      try {
        const onProgress = (share: number) => store.setState({ percent: Math.floor(share * 100) });
        return await convert(name, files, onProgress, run.signal);
      } catch (cause) {
        if (!isAbort(cause)) error = toErrorData(cause);
        return null;
      } finally {
        run.end();
        store.setState({ ...IDLE, error });
      }
    },
    stop(): void {
      current.abort();
    },
  };
}
