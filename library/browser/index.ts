/** `vqathinker/browser`: scores videos in a worker of this page. Nothing is sent anywhere. */
import { CodedError } from '../../core/errors.ts';
import { videoAddress } from '../../src/assessment/run/fetch-video.ts';
import type { PackageSource } from '../../workers/model/api.ts';
import { PendingCalls } from '../../workers/thread/pending-calls.ts';
import { proxy, type Remote, releaseProxy, workerFailure, wrap } from '../../workers/thread/rpc.ts';
import type { ModelFacts, ScoreOptions, VideoScore } from '../video-score.ts';
import type { LibraryApi, ScoreEvent } from './api.ts';

export { CodedError } from '../../core/errors.ts';
export { errorMessage } from '../../core/text/error-messages.ts';
export type { MediaNotice } from '../../core/text/media-notices.ts';
export { mediaNoticeText } from '../../core/text/media-notices.ts';
export type { ModelFacts, ScoreOptions, ScoreProgress, VideoScore } from '../video-score.ts';

export interface OpenProgress {
  /** `check`: files are fetched and compared with the manifest. `open`: they become sessions. */
  readonly stage: 'check' | 'open' | 'test';
  /** Bytes. */
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface OpenOptions {
  /** Address of a package folder, or its files as a folder input gives them. Default: `models/small/` beside this module. */
  readonly model?: string | URL | readonly File[];
  /**
   * Address of the worker's script, and of the folder with onnxruntime's two files. Default: beside this module, which
   * bundlers that read `new URL('…', import.meta.url)` arrange by themselves.
   */
  readonly worker?: string | URL;
  readonly runtime?: string | URL;
  /** Rejects with AbortError. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: OpenProgress) => void;
}

export interface OpenModel extends ModelFacts {
  /**
   * Scores a file, or the video at an address. Several calls wait for each other.
   *
   * @throws CodedError `media/*` (file or address), `run/*`; AbortError
   */
  score(video: Blob | string | URL, options?: ScoreOptions): Promise<VideoScore>;
  /** Ends the worker; scores that are under way reject with AbortError. */
  close(): void;
}

/** True where the browser has what a score needs: WebCodecs, in a secure context. */
export const isSupported = (): boolean => 'VideoDecoder' in globalThis && 'Worker' in globalThis;

function sourceOf(model: OpenOptions['model']): PackageSource {
  if (Array.isArray(model))
    return {
      kind: 'files',
      files: (model as readonly File[]).map((file) => ({
        path: file.webkitRelativePath.split('/').slice(1).join('/') || file.name,
        file,
      })),
    };
  const address = new URL((model as string | URL | undefined) ?? small(), document.baseURI).href;
  return { kind: 'url', base: address.endsWith('/') ? address : `${address}/` };
}

/** A folder is no file that a bundler could place: this address holds where the package is served as it is. */
function small(): string {
  const here = import.meta.url;
  return new URL('models/small/', here).href;
}

function runtimeOf(runtime: OpenOptions['runtime']) {
  if (runtime !== undefined) {
    const folder = new URL(runtime, document.baseURI).href.replace(/\/?$/, '/');
    return {
      mjs: `${folder}ort-wasm-simd-threaded.mjs`,
      wasm: `${folder}ort-wasm-simd-threaded.wasm`,
    };
  }
  return {
    mjs: new URL('./ort/ort-wasm-simd-threaded.mjs', import.meta.url).href,
    wasm: new URL('./ort/ort-wasm-simd-threaded.wasm', import.meta.url).href,
  };
}

/** The worker, and the calls that end with it. */
class Connection {
  readonly #worker: Worker;
  readonly #remote: Remote<LibraryApi>;
  readonly #pending = new PendingCalls();
  #ended: { readonly reason: unknown } | null = null;

  constructor(address: string | URL) {
    this.#worker = new Worker(address, { type: 'module', name: 'vqathinker' });
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      const cause = workerFailure(event);
      this.end(cause instanceof CodedError ? cause : new CodedError('run/worker', { detail: cause.message }));
    });
    this.#remote = wrap<LibraryApi>(this.#worker);
  }

  call<T>(method: (api: Remote<LibraryApi>) => Promise<T>): Promise<T> {
    // A released proxy throws for itself, and with another error.
    if (this.#ended) return Promise.reject(this.#ended.reason);
    return this.#pending.track(method(this.#remote));
  }

  end(reason: unknown = new DOMException('The model was closed.', 'AbortError')): void {
    if (this.#ended) return;
    this.#ended = { reason };
    this.#pending.rejectAll(reason);
    this.#remote[releaseProxy]();
    this.#worker.terminate();
  }
}

class WorkerModel implements OpenModel {
  readonly name: string;
  readonly sha256: string;
  readonly #connection: Connection;
  #jobs = 0;

  constructor(connection: Connection, { name, sha256 }: ModelFacts) {
    this.#connection = connection;
    this.name = name;
    this.sha256 = sha256;
  }

  async score(video: Blob | string | URL, options: ScoreOptions = {}): Promise<VideoScore> {
    const { signal, onProgress, onText, ...plain } = options;
    signal?.throwIfAborted();
    const job = ++this.#jobs;
    const connection = this.#connection;
    const stop = () => void connection.call((api) => api.abort(job)).catch(() => {});
    signal?.addEventListener('abort', stop);
    const onEvent = (event: ScoreEvent) => {
      if (signal?.aborted) return;
      if (event.kind === 'text') onText?.(event.text);
      else onProgress?.(event.progress);
    };
    try {
      const score = await connection.call((api) => api.score(job, sendable(video), plain, proxy(onEvent)));
      signal?.throwIfAborted();
      return score;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  close(): void {
    this.#connection.end();
  }
}

function sendable(video: Blob | string | URL): File | string {
  if (!(video instanceof Blob)) return videoAddress(String(video), document.baseURI).href;
  return video instanceof File ? video : new File([video], 'video');
}

/**
 * Starts the worker and opens a package in it.
 *
 * @example
 * const model = await openModel({ model: '/models/small/' });
 * const { score, text } = await model.score(file, { onText: (text) => (output.textContent = text) });
 *
 * @throws CodedError `model/*`, `app/part` where the worker's script is not there; AbortError
 */
export async function openModel(options: OpenOptions = {}): Promise<OpenModel> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  // Not inside `new Worker(…)`, so that a bundler copies the script as it is: it is whole.
  const script = new URL('./worker.js', import.meta.url);
  const connection = new Connection(options.worker ?? script);
  const stop = () => connection.end(signal?.reason);
  signal?.addEventListener('abort', stop);
  try {
    const request = { source: sourceOf(options.model), runtime: runtimeOf(options.runtime) };
    const report = ({ stage, loadedBytes, totalBytes }: OpenProgress) =>
      onProgress?.({ stage, loadedBytes, totalBytes });
    const facts = await connection.call((api) => api.open(request, proxy(report)));
    return new WorkerModel(connection, facts);
  } catch (error) {
    connection.end(error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
