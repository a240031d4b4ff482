/** Client of the model worker: typed calls, AbortSignal instead of job numbers, a new worker after a failure. */
import { CodedError } from '../../core/errors.ts';
import type { PackageSpeeds } from '../../core/stats/benchmark.ts';
import { proxy, type Remote, releaseProxy, transfer, workerFailure, wrap } from '../thread/rpc.ts';
import type {
  AssessEvent,
  AssessRequest,
  BenchmarkStage,
  LoadedPackage,
  LoadOptions,
  LoadProgress,
  ModelFrame,
  PackageSource,
  RawAnswer,
  WorkerApi,
} from './api.ts';
import type {
  FrameReceipt,
  LevelEvent,
  LevelRequest,
  PromptBlock,
  RawLevels,
  Vqa2Frame,
} from './vqa2/api.ts';

/** Calls for packages of VQA². */
export interface Vqa2Client {
  hasBlocks(blocks: readonly PromptBlock[]): Promise<boolean[]>;
  /** The pixels are transferred: the caller has them no more. */
  encodeFrame(frame: Vqa2Frame): Promise<FrameReceipt>;
  dropFrames(): Promise<void>;
  levels(
    request: Omit<LevelRequest, 'job'>,
    onEvent: (event: LevelEvent) => void,
    signal?: AbortSignal,
  ): Promise<RawLevels>;
}

export interface ModelClient {
  load(
    source: PackageSource,
    options?: LoadOptions,
    onProgress?: (p: LoadProgress) => void,
  ): Promise<LoadedPackage>;
  /** For each key, true where the worker has the frame's features cached. */
  has(keys: readonly string[]): Promise<boolean[]>;
  /** Encodes frames ahead of `assess`. A failure appears again in `assess`. */
  encodeVision(frames: readonly ModelFrame[], order?: readonly string[]): Promise<void>;
  assess(
    request: Omit<AssessRequest, 'job'>,
    onEvent: (event: AssessEvent) => void,
    signal?: AbortSignal,
  ): Promise<RawAnswer>;
  /** Measures the loaded package. @throws AbortError */
  benchmark(onStage: (stage: BenchmarkStage) => void, signal: AbortSignal): Promise<PackageSpeeds>;
  readonly vqa2: Vqa2Client;
  /** Ends the worker; the next `load` starts a new one. */
  close(): void;
}

export function createModelClient(): ModelClient {
  let worker: Worker | null = null;
  let remote: Remote<WorkerApi> | null = null;
  let fail: ((error: Error) => void) | null = null;
  let job = 0;

  function api(): Remote<WorkerApi> {
    if (!remote) {
      worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'model' });
      // A worker that the browser ends for its memory use gives no event; a script that cannot start does.
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        const cause = workerFailure(event);
        fail?.(cause instanceof CodedError ? cause : new CodedError('run/worker', { detail: cause.message }));
        close();
      });
      remote = wrap<WorkerApi>(worker);
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

  /** A call with a job number, which the signal stops. */
  async function stoppable<T>(signal: AbortSignal | undefined, call: (id: number) => Promise<T>): Promise<T> {
    const id = ++job;
    signal?.throwIfAborted();
    const stop = () => void api().abort(id);
    signal?.addEventListener('abort', stop);
    try {
      return await call(id);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  return {
    load(source, options = {}, onProgress = () => {}) {
      // A new worker for every package: a WASM heap never shrinks, and the number of threads is set once in its life.
      close();
      return guarded(api().load(source, options, proxy(onProgress)) as Promise<LoadedPackage>);
    },
    has: (keys) => guarded(api().has(keys)) as Promise<boolean[]>,
    encodeVision: (frames, order) => guarded(api().encodeVision(frames, order)) as Promise<void>,
    benchmark: (onStage, signal) =>
      stoppable(signal, (id) => guarded(api().benchmark(id, proxy(onStage))) as Promise<PackageSpeeds>),
    assess: (request, onEvent, signal) =>
      stoppable(signal, (id) => {
        const reply = (event: AssessEvent) => {
          onEvent(event);
          return signal?.aborted !== true;
        };
        return guarded(api().assess({ ...request, job: id }, proxy(reply))) as Promise<RawAnswer>;
      }),
    vqa2: {
      hasBlocks: (blocks) => guarded(api().hasBlocks(blocks)) as Promise<boolean[]>,
      encodeFrame: (frame) =>
        guarded(api().encodeFrame(transfer(frame, [frame.rgb.buffer]))) as Promise<FrameReceipt>,
      dropFrames: () => guarded(api().dropFrames()) as Promise<void>,
      levels: (request, onEvent, signal) =>
        stoppable(
          signal,
          (id) => guarded(api().levels({ ...request, job: id }, proxy(onEvent))) as Promise<RawLevels>,
        ),
    },
    close,
  };
}
