/** Nothing may hang: a wait ends with what it waits for, with an abort, or after a time without a sign of life. */
import { CodedError } from '../../core/errors.ts';

export class Watchdog {
  private readonly limit: number;
  private readonly signal: AbortSignal;
  private lastSign = performance.now();

  /** @param limit milliseconds without a sign of life */
  constructor(limit: number, signal: AbortSignal) {
    this.limit = limit;
    this.signal = signal;
  }

  /** The decoder did something. */
  alive(): void {
    this.lastSign = performance.now();
  }

  /** @throws CodedError `media/stalled`; `AbortError` */
  async wait<T>(promise: Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    this.alive();
    let timer: ReturnType<typeof setInterval> | undefined;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        promise.then(resolve, reject);
        onAbort = () => reject(this.signal.reason);
        this.signal.addEventListener('abort', onAbort);
        timer = setInterval(
          () => {
            if (performance.now() - this.lastSign < this.limit) return;
            reject(new CodedError('media/stalled', { seconds: Math.round(this.limit / 1000) }));
          },
          Math.min(250, this.limit / 4),
        );
      });
    } finally {
      clearInterval(timer);
      if (onAbort) this.signal.removeEventListener('abort', onAbort);
    }
  }
}
