/** The one worker of `vqathinker/browser`: decoding, pixels and model, on the processor. */
import { fetchVideo, videoAddress } from '../../src/assessment/run/fetch-video.ts';
import type { LoadProgress } from '../../workers/model/api.ts';
import { ModelSession } from '../../workers/model/model-session.ts';
import { setRuntimeFiles } from '../../workers/model/runtime.ts';
import { expose, releaseCallback } from '../../workers/thread/rpc.ts';
import { threadMedia, threadModel } from '../in-thread.ts';
import { modelFactsOf, type Session, scoreVideo } from '../score-video.ts';
import type { ScoreOptions } from '../video-score.ts';
import type { LibraryApi, OpenRequest, PlainScoreOptions, ScoreEvent } from './api.ts';

// The plain build of onnxruntime-web is the only one here; where stacks can be switched, another one would be looked for.
Reflect.deleteProperty(WebAssembly, 'Suspending');

class LibraryWorker implements LibraryApi {
  readonly #jobs = new Map<number, AbortController>();
  #session: Session | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  async open({ source, runtime }: OpenRequest, onProgress: (progress: LoadProgress) => void) {
    setRuntimeFiles(runtime);
    const model = new ModelSession();
    const facts = await model.load(source, { backend: 'wasm' }, onProgress);
    releaseCallback(onProgress);
    this.#session = { media: threadMedia(), model: threadModel(model, facts) };
    return modelFactsOf(this.#session.model);
  }

  async score(
    job: number,
    video: File | string,
    options: PlainScoreOptions,
    onEvent: (event: ScoreEvent) => void,
  ) {
    const session = this.#session;
    if (!session) throw new RangeError('No model is open.');
    const controller = new AbortController();
    this.#jobs.set(job, controller);
    const { signal } = controller;
    const reported: ScoreOptions = {
      ...options,
      signal,
      onProgress: (progress) => onEvent({ kind: 'progress', progress }),
      onText: (text) => onEvent({ kind: 'text', text }),
    };
    const work = async () => {
      signal.throwIfAborted();
      const file = typeof video === 'string' ? await this.#fetched(video, reported) : video;
      return scoreVideo(file, session, reported);
    };
    const before = this.#turn;
    const result = before.then(work, work);
    this.#turn = result.catch(() => {});
    try {
      return await result;
    } finally {
      this.#jobs.delete(job);
      releaseCallback(onEvent);
    }
  }

  #fetched(address: string, { signal, onProgress }: ScoreOptions): Promise<File> {
    const onBytes = (done: number, total?: number) =>
      onProgress?.({ stage: 'fetch', done, ...(total !== undefined && { total }) });
    return fetchVideo(videoAddress(address), { signal, onBytes });
  }

  abort(job: number): void {
    this.#jobs.get(job)?.abort(new DOMException('The score was stopped.', 'AbortError'));
  }
}

expose(new LibraryWorker());
