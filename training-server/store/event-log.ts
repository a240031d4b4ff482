/** The numbered events of a run: told to whoever listens, kept in a file so that nobody misses one. */
import type { RunEvent } from '../../core/training/run.ts';
import { lastLine, linesOf, wholeLines } from './lines.ts';
import { Stream } from './stream.ts';

export interface NumberedEvent {
  /** Rises by one for each event of a run, over restarts too. */
  readonly id: number;
  readonly event: RunEvent;
}

type Listener = (event: NumberedEvent) => void;

/** Progress is told no more often than this, but for the end of a phase. */
const PROGRESS_MS = 1000;

export class EventLog {
  readonly #file: string;
  readonly #listeners = new Set<Listener>();
  #stream: Promise<Stream> | null = null;
  #written: Promise<unknown> = Promise.resolve();
  #last: number;
  #progress = { phase: '', at: Number.NEGATIVE_INFINITY };

  private constructor(file: string, last: number) {
    this.#file = file;
    this.#last = last;
  }

  static async open(file: string): Promise<EventLog> {
    const last = await lastLine(file);
    return new EventLog(file, last === null ? 0 : (JSON.parse(last) as NumberedEvent).id);
  }

  get last(): number {
    return this.#last;
  }

  emit(event: RunEvent): void {
    if (event.type === 'progress' && !this.#isNews(event)) return;
    const numbered = { id: ++this.#last, event };
    // A disk that is full must not silence the run: the streams of the driver find that out and stop it.
    this.#written = this.#written.then(() => this.#append(numbered)).catch(() => {});
    for (const listener of [...this.#listeners]) listener(numbered);
  }

  #isNews({ phase, done, of }: Extract<RunEvent, { type: 'progress' }>): boolean {
    const now = performance.now();
    if (phase === this.#progress.phase && done < of && now - this.#progress.at < PROGRESS_MS) return false;
    this.#progress = { phase, at: now };
    return true;
  }

  async #append(event: NumberedEvent): Promise<void> {
    // A line that a crash broke off is written over.
    this.#stream ??= wholeLines(this.#file).then((bytes) => Stream.open(this.#file, bytes));
    await (await this.#stream).appendJson(event);
  }

  /** @param since events after this number come first; default: only what is said from now on */
  subscribe(listener: Listener, since?: number): () => void {
    if (since === undefined || since >= this.#last) {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    }
    let live: NumberedEvent[] | null = [];
    let ended = false;
    const upTo = this.#last;
    const relay: Listener = (event) => {
      if (live) live.push(event);
      else listener(event);
    };
    this.#listeners.add(relay);
    const replay = async () => {
      await this.#written;
      for await (const line of linesOf(this.#file)) {
        if (ended) return;
        const event = JSON.parse(line) as NumberedEvent;
        if (event.id > since && event.id <= upTo) listener(event);
      }
      for (let event = live?.shift(); event && !ended; event = live?.shift()) listener(event);
      live = null;
    };
    void replay();
    return () => {
      ended = true;
      this.#listeners.delete(relay);
    };
  }

  async close(): Promise<void> {
    await this.#written;
    await (await this.#stream)?.close();
    this.#stream = null;
  }
}
