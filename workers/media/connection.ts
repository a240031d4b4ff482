/** A media worker and the calls that wait for it. */
import { CodedError } from '../../core/errors.ts';
import { PendingCalls } from '../thread/pending-calls.ts';
import { type Remote, releaseProxy, workerFailure, wrap } from '../thread/rpc.ts';
import type { MediaApi } from './api.ts';

/** Milliseconds between two heartbeats while a call is in flight. */
const BEAT = 1000;
/** Heartbeats that may be missed in a row. Beats are counted, not seconds: a laptop that slept has missed none. */
const MISSED = 10;

export class MediaConnection {
  readonly api: Remote<MediaApi>;
  /** Rejected when the worker fails. */
  readonly pending = new PendingCalls();
  /** Ids of the worker by ids of the page. */
  readonly opened = new Map<number, Promise<number>>();
  private readonly worker: Worker;
  private readonly onEnd: () => void;
  private readonly beat: ReturnType<typeof setInterval>;
  private calls = 0;
  private missed = 0;

  /** @param onEnd called once, when the worker has failed or was ended */
  constructor(worker: Worker, onEnd: () => void) {
    this.worker = worker;
    this.onEnd = onEnd;
    this.api = wrap<MediaApi>(worker);
    // A damaged file can put a parser into an endless loop, where the worker's own watchdog does not run.
    this.beat = setInterval(() => this.checkHeartbeat(), BEAT);
    worker.addEventListener('error', (event) => this.end(workerFailure(event)));
    worker.addEventListener('messageerror', () =>
      this.end(new Error('The media worker sent a message that cannot be read.')),
    );
  }

  private checkHeartbeat(): void {
    if (this.calls === 0) this.missed = 0;
    else if (++this.missed > MISSED)
      this.end(new CodedError('media/stalled', { seconds: (MISSED * BEAT) / 1000 }));
    else
      this.api.ping().then(
        () => {
          this.missed = 0;
        },
        () => {},
      );
  }

  /** Result of the work, or the worker's failure, whichever comes first. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.calls++;
    try {
      return await this.pending.track(work);
    } finally {
      this.calls--;
    }
  }

  /** Terminates the worker and rejects everything in flight with the reason. */
  end(reason: unknown): void {
    clearInterval(this.beat);
    this.onEnd();
    this.worker.terminate();
    this.pending.rejectAll(reason);
  }

  /** As `end`, after the proxy was released. */
  dispose(): void {
    this.api[releaseProxy]();
    this.end(new DOMException('The media worker was ended.', 'AbortError'));
  }
}
