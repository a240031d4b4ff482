/** The numbered events of a run: sent to listeners, and appended to a file from which missed ones are replayed. */
import type { RunEvent } from '../../core/training/run.ts';
import { lastLine, offsetOfEvent, recordOf, recordsOf, wholeLines } from './lines.ts';
import { Stream } from './stream.ts';

export interface NumberedEvent {
  /** Rises by one for each event of a run, also over restarts. */
  readonly id: number;
  readonly event: RunEvent;
}

/** The event of a parsed line; null for anything else. */
function readEvent(value: unknown): NumberedEvent | null {
  const { id, event } = value as NumberedEvent;
  return Number.isSafeInteger(id) && typeof event?.type === 'string' ? { id, event } : null;
}

/** A listener; one that returns a promise gets the next old event when it resolves. New events do not wait. */
export type EventListener = (event: NumberedEvent) => unknown;

/** Least time between two progress events of a phase, except its end. */
const PROGRESS_MS = 1000;

export class EventLog {
  readonly #file: string;
  readonly #listeners = new Set<EventListener>();
  #stream: Promise<Stream> | null = null;
  #written: Promise<unknown> = Promise.resolve();
  #last: number;
  #progress = { phase: '', at: Number.NEGATIVE_INFINITY };

  private constructor(file: string, last: number) {
    this.#file = file;
    this.#last = last;
  }

  static async open(file: string): Promise<EventLog> {
    const line = await lastLine(file);
    let last = line === null ? null : (recordOf(line, readEvent)?.id ?? null);
    // A damaged last line: numbers must go on from the greatest readable one.
    if (last === null) for await (const { id } of recordsOf(file, readEvent)) last = Math.max(last ?? 0, id);
    return new EventLog(file, last ?? 0);
  }

  get last(): number {
    return this.#last;
  }

  emit(event: RunEvent): void {
    if (event.type === 'progress' && !this.#isNews(event)) return;
    const numbered = { id: ++this.#last, event };
    // A full disk must not stop the events: the streams of the driver detect it and stop the run.
    this.#written = this.#written.then(() => this.#append(numbered)).catch(() => {});
    for (const listener of [...this.#listeners]) void listener(numbered);
  }

  #isNews({ phase, done, of }: Extract<RunEvent, { type: 'progress' }>): boolean {
    const now = performance.now();
    if (phase === this.#progress.phase && done < of && now - this.#progress.at < PROGRESS_MS) return false;
    this.#progress = { phase, at: now };
    return true;
  }

  async #append(event: NumberedEvent): Promise<void> {
    // An incomplete line of a crash is overwritten.
    this.#stream ??= wholeLines(this.#file).then((bytes) => Stream.open(this.#file, bytes));
    await (await this.#stream).appendJson(event);
  }

  /** @param since replays the events after this number first; default: new events only */
  subscribe(listener: EventListener, since = this.#last): () => void {
    let ended = false;
    const replay = async () => {
      for (let read = since; read < this.#last; ) {
        const upTo = this.#last;
        await this.#written;
        const from = await offsetOfEvent(this.#file, read + 1);
        for await (const event of recordsOf(this.#file, readEvent, from)) {
          if (ended) return;
          if (event.id > upTo) break;
          if (event.id > read) await listener(event);
        }
        read = upTo;
      }
    };
    const follow = () => {
      if (!ended) this.#listeners.add(listener);
    };
    if (since >= this.#last) follow();
    // A file that cannot be read any more costs the old events only.
    else void replay().then(follow, follow);
    return () => {
      ended = true;
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    await this.#written;
    await (await this.#stream)?.close();
    this.#stream = null;
  }
}
