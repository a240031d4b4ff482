/** Client of the model worker: typed calls, AbortSignal instead of job numbers, a new worker after a failure. */
import { CodedError } from '../../core/errors.ts';
import { proxy, type Remote, releaseProxy, workerFailure, wrap } from '../thread/rpc.ts';
import type {
  AssessEvent,
  AssessRequest,
  LoadedModel,
  LoadOptions,
  LoadProgress,
  ModelApi,
  ModelFrame,
  PackageSource,
  RawAnswer,
} from './api.ts';

export interface ModelClient {
  load(
    source: PackageSource,
    options?: LoadOptions,
    onProgress?: (p: LoadProgress) => void,
  ): Promise<LoadedModel>;
  /** For each key, true where the worker has the frame's features cached. */
  has(keys: readonly string[]): Promise<boolean[]>;
  /** Encodes frames ahead of `assess`. A failure appears again in `assess`. */
  encodeVision(frames: readonly ModelFrame[], order?: readonly string[]): Promise<void>;
  assess(
    request: Omit<AssessRequest, 'job'>,
    onEvent: (event: AssessEvent) => void,
    signal?: AbortSignal,
  ): Promise<RawAnswer>;
  /** Ends the worker; the next `load` starts a new one. */
  close(): void;
}

export function createModelClient(): ModelClient {
  let worker: Worker | null = null;
  let remote: Remote<ModelApi> | null = null;
  let fail: ((error: Error) => void) | null = null;
  let job = 0;

  function api(): Remote<ModelApi> {
    if (!remote) {
      worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'model' });
      // A worker that the browser ends for its memory use gives no event; a script that cannot start does.
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        const cause = workerFailure(event);
        fail?.(cause instanceof CodedError ? cause : new CodedError('run/worker', { detail: cause.message }));
        close();
      });
      remote = wrap<ModelApi>(worker);
    }
    return remote;
  }

  function close(): void {
    remote?.[releaseProxy]();
    worker?.terminate();
    worker = null;
    remote = null;
  }

  function guarded<T>(call: Promise<T>): Promise<T> {
    return Promise.race([
      call,
      new Promise<never>((_, reject) => {
        fail = reject;
      }),
    ]);
  }

  return {
    load(source, options = {}, onProgress = () => {}) {
      // A new worker for every package: a WASM heap never shrinks, and the number of threads is set once in its life.
      close();
      return guarded(api().load(source, options, proxy(onProgress))) as Promise<LoadedModel>;
    },
    has: (keys) => guarded(api().has(keys)) as Promise<boolean[]>,
    encodeVision: (frames, order) => guarded(api().encodeVision(frames, order)) as Promise<void>,
    async assess(request, onEvent, signal) {
      const id = ++job;
      signal?.throwIfAborted();
      const stop = () => void api().abort(id);
      signal?.addEventListener('abort', stop);
      try {
        const reply = (event: AssessEvent) => {
          onEvent(event);
          return signal?.aborted !== true;
        };
        return (await guarded(api().assess({ ...request, job: id }, proxy(reply)))) as RawAnswer;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    close,
  };
}
