/** A checkpoint folder that is being made into a package: one at a time, and it outlives the place that began it. */
import { createStore } from 'zustand/vanilla';
import { type CodedErrorData, isAbort } from '../../../core/errors.ts';
import type { FolderFile } from '../../../workers/model/api.ts';
import { toErrorData } from './model-store.ts';

export interface ConversionState {
  /** Name of the folder at work, null when there is none. */
  readonly name: string | null;
  /** Whole percent of the bytes that are read and written. */
  readonly percent: number;
  readonly error: CodedErrorData | null;
}

/** @returns the id of the package, null when it could not be kept */
export type Convert = (
  name: string,
  files: readonly FolderFile[],
  onProgress: (share: number) => void,
  signal: AbortSignal,
) => Promise<string | null>;

const IDLE: ConversionState = { name: null, percent: 0, error: null };

export function createConversion(convert: Convert) {
  const store = createStore<ConversionState>(() => IDLE);
  let controller: AbortController | null = null;
  return {
    store,
    /** @returns the id of the new package; null when there is none: a fault, which the state tells, a stop, or one runs already */
    async start(name: string, files: readonly FolderFile[]): Promise<string | null> {
      if (controller) return null;
      controller = new AbortController();
      store.setState({ name, percent: 0, error: null });
      let error: CodedErrorData | null = null;
      try {
        const tell = (share: number) => store.setState({ percent: Math.floor(share * 100) });
        return await convert(name, files, tell, controller.signal);
      } catch (cause) {
        if (!isAbort(cause)) error = toErrorData(cause);
        return null;
      } finally {
        controller = null;
        store.setState({ ...IDLE, error });
      }
    },
    stop(): void {
      controller?.abort(new DOMException('stopped', 'AbortError'));
    },
  };
}
