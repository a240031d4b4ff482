/** Client of the media worker: starts it, restarts it after a failure, turns AbortSignals into `abort(job)`. */
import { proxy } from '../thread/rpc.ts';
import type {
  CodecSupport,
  DecodedFrameImage,
  DecodeReport,
  DeliveredFrame,
  FrameRequest,
  OpenedVideo,
  SeekHint,
} from './api.ts';
import { MediaConnection } from './connection.ts';

/**
 * Videos stay open over a restart of the worker: they are opened again from their files. All methods reject with
 * `CodedError` (`media/*`), or with `AbortError` when their signal fires.
 */
export interface MediaClient {
  open(file: File, signal?: AbortSignal): Promise<OpenedVideo>;
  /** `onFrame` is called once for each distinct frame, before the promise resolves; never after an abort. */
  frames(
    id: number,
    request: FrameRequest,
    onFrame: (frame: DeliveredFrame) => void,
    signal?: AbortSignal,
  ): Promise<DecodeReport>;
  /** Starts the workers that compute quality features, so that the first video does not wait for them. */
  prepareFeatures(): void;
  frameImage(id: number, index: number, signal?: AbortSignal): Promise<DecodedFrameImage>;
  /** The hint is lost when the worker fails: set it again whenever something changes. */
  setSeekHint(id: number, hint: SeekHint | null): void;
  codecs(): Promise<readonly CodecSupport[]>;
  close(id: number): void;
  /** Ends the worker; everything in flight rejects with `AbortError`. */
  dispose(): void;
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'media' });
}

class RestartingMediaClient implements MediaClient {
  private readonly start: () => Worker;
  private readonly files = new Map<number, File>();
  private connection: MediaConnection | undefined;
  private lastJob = 0;
  private lastId = 0;

  constructor(start: () => Worker) {
    this.start = start;
  }

  private connect(): MediaConnection {
    if (this.connection) return this.connection;
    const made = new MediaConnection(this.start(), () => {
      if (this.connection === made) this.connection = undefined;
    });
    this.connection = made;
    return made;
  }

  /** Id of a video in this worker; the video is opened again where the worker is a new one. */
  private idIn(to: MediaConnection, id: number): Promise<number> {
    const file = this.files.get(id);
    if (!file) return Promise.reject(new RangeError(`Video ${id} is not open.`));
    let opened = to.opened.get(id);
    if (!opened) {
      opened = to.api.open(file).then((video) => video.id);
      opened.catch(() => to.opened.delete(id));
      to.opened.set(id, opened);
    }
    return opened;
  }

  /** Settles with the worker's answer, its failure or the signal, whichever comes first. */
  private async call<T>(
    signal: AbortSignal | undefined,
    work: (to: MediaConnection, job: number) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const to = this.connect();
    const job = ++this.lastJob;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => {
      void to.api.abort(job);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort);
    try {
      return await Promise.race([to.track(work(to, job)), aborted]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  open(file: File, signal?: AbortSignal): Promise<OpenedVideo> {
    return this.call(signal, async (to) => {
      const { id: inner, ...video } = await to.api.open(file);
      if (signal?.aborted) {
        void to.api.close(inner);
        throw signal.reason;
      }
      const id = ++this.lastId;
      this.files.set(id, file);
      to.opened.set(id, Promise.resolve(inner));
      return { id, ...video };
    });
  }

  frames(
    id: number,
    request: FrameRequest,
    onFrame: (frame: DeliveredFrame) => void,
    signal?: AbortSignal,
  ): Promise<DecodeReport> {
    return this.call(signal, async (to, job) => {
      const inner = await this.idIn(to, id);
      signal?.throwIfAborted();
      const deliver = proxy((frame: DeliveredFrame) => {
        if (signal?.aborted) frame.thumbnail?.close();
        else onFrame(frame);
      });
      return to.api.frames(inner, request, deliver, job);
    });
  }

  prepareFeatures(): void {
    this.connect()
      .api.prepareFeatures()
      .catch(() => {});
  }

  frameImage(id: number, index: number, signal?: AbortSignal): Promise<DecodedFrameImage> {
    return this.call(signal, async (to, job) => to.api.frameImage(await this.idIn(to, id), index, job));
  }

  setSeekHint(id: number, hint: SeekHint | null): void {
    const to = this.connection;
    if (!to || !this.files.has(id)) return;
    this.idIn(to, id)
      .then((inner) => to.api.setSeekHint(inner, hint))
      .catch(() => {});
  }

  codecs(): Promise<readonly CodecSupport[]> {
    return this.call(undefined, (to) => to.api.codecs());
  }

  close(id: number): void {
    this.files.delete(id);
    const to = this.connection;
    const inner = to?.opened.get(id);
    to?.opened.delete(id);
    inner?.then((open) => to?.api.close(open)).catch(() => {});
  }

  dispose(): void {
    this.files.clear();
    this.connection?.dispose();
  }
}

export const createMediaClient = (start: () => Worker = startWorker): MediaClient =>
  new RestartingMediaClient(start);
