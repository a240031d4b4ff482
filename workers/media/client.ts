/** The page's side of the media worker: starts it, restarts it when it died, turns AbortSignals into `abort(job)`. */
import { CodedError } from '../../core/errors.ts';
import { PendingCalls } from '../thread/pending-calls.ts';
import { proxy, type Remote, releaseProxy, workerFailure, wrap } from '../thread/rpc.ts';
import type {
  CodecSupport,
  DecodedFrameImage,
  DecodeReport,
  DeliveredFrame,
  FrameRequest,
  MediaApi,
  OpenedVideo,
  SeekHint,
} from './api.ts';

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
  frameImage(id: number, index: number, signal?: AbortSignal): Promise<DecodedFrameImage>;
  /** A hint, lost when the worker dies: say it again whenever something changes. */
  setSeekHint(id: number, hint: SeekHint | null): void;
  codecs(): Promise<readonly CodecSupport[]>;
  close(id: number): void;
  /** Ends the worker; everything in flight rejects with `AbortError`. */
  dispose(): void;
}

/** Milliseconds from one sign of life to the next while something is in flight. */
const BEAT = 1000;
/** Signs of life that may fail to come in a row. Beats are counted, not seconds: a laptop that slept has missed none. */
const MISSED = 10;

/** A worker and what is waiting for it. */
interface Connection {
  readonly worker: Worker;
  readonly api: Remote<MediaApi>;
  /** Ends when the worker dies. */
  readonly pending: PendingCalls;
  /** Ids here for ids of the page. */
  readonly opened: Map<number, Promise<number>>;
  /** Calls in flight. */
  calls: number;
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'media' });
}

export function createMediaClient(start: () => Worker = startWorker): MediaClient {
  const files = new Map<number, File>();
  let connection: Connection | undefined;
  let lastJob = 0;
  let lastId = 0;

  function connect(): Connection {
    if (connection) return connection;
    const worker = start();
    const pending = new PendingCalls();
    const made: Connection = { worker, api: wrap<MediaApi>(worker), pending, opened: new Map(), calls: 0 };
    const drop = (reason: unknown) => {
      if (connection === made) connection = undefined;
      worker.terminate();
      pending.rejectAll(reason);
    };
    // A damaged file can send a parser round in circles, where no watchdog of the worker's own gets a turn.
    let missed = 0;
    const beat = setInterval(() => {
      if (connection !== made) return clearInterval(beat);
      if (made.calls === 0) missed = 0;
      else if (++missed > MISSED) drop(new CodedError('media/stalled', { seconds: (MISSED * BEAT) / 1000 }));
      else
        made.api.ping().then(
          () => {
            missed = 0;
          },
          () => {},
        );
    }, BEAT);
    worker.addEventListener('error', (event) => drop(workerFailure(event)));
    worker.addEventListener('messageerror', () =>
      drop(new Error('The media worker sent what cannot be read.')),
    );
    connection = made;
    return made;
  }

  /** Id of a video in the worker of now, opened again when that is a new one. */
  function idIn(to: Connection, id: number): Promise<number> {
    const file = files.get(id);
    if (!file) return Promise.reject(new RangeError(`Video ${id} is not open.`));
    let opened = to.opened.get(id);
    if (!opened) {
      opened = to.api.open(file).then((video) => video.id);
      opened.catch(() => to.opened.delete(id));
      to.opened.set(id, opened);
    }
    return opened;
  }

  /** Waits for the worker's answer, its death or the signal, whichever comes first. */
  async function call<T>(
    signal: AbortSignal | undefined,
    work: (to: Connection, job: number) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const to = connect();
    const job = ++lastJob;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => {
      void to.api.abort(job);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort);
    to.calls++;
    try {
      return await Promise.race([to.pending.track(work(to, job)), aborted]);
    } finally {
      to.calls--;
      signal?.removeEventListener('abort', onAbort);
    }
  }

  return {
    open: (file, signal) =>
      call(signal, async (to) => {
        const { id: inner, ...video } = await to.api.open(file);
        if (signal?.aborted) {
          void to.api.close(inner);
          throw signal.reason;
        }
        const id = ++lastId;
        files.set(id, file);
        to.opened.set(id, Promise.resolve(inner));
        return { id, ...video };
      }),
    frames: (id, request, onFrame, signal) =>
      call(signal, async (to, job) => {
        const inner = await idIn(to, id);
        signal?.throwIfAborted();
        const deliver = proxy((frame: DeliveredFrame) => {
          if (signal?.aborted) frame.thumbnail?.close();
          else onFrame(frame);
        });
        return to.api.frames(inner, request, deliver, job);
      }),
    frameImage: (id, index, signal) =>
      call(signal, async (to, job) => to.api.frameImage(await idIn(to, id), index, job)),
    setSeekHint(id, hint) {
      const to = connection;
      if (!to || !files.has(id)) return;
      idIn(to, id)
        .then((inner) => to.api.setSeekHint(inner, hint))
        .catch(() => {});
    },
    codecs: () => call(undefined, (to) => to.api.codecs()),
    close(id) {
      files.delete(id);
      const inner = connection?.opened.get(id);
      connection?.opened.delete(id);
      const api = connection?.api;
      inner?.then((open) => api?.close(open)).catch(() => {});
    },
    dispose() {
      files.clear();
      if (!connection) return;
      const { worker, api, pending } = connection;
      connection = undefined;
      api[releaseProxy]();
      worker.terminate();
      pending.rejectAll(new DOMException('The media worker was ended.', 'AbortError'));
    },
  };
}
