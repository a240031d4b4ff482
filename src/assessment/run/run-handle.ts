/**
 * One run of a store's work. A run is current until it ends or another one begins; what it does afterwards must not
 * change the store.
 */
export class RunHandle {
  readonly #controller = new AbortController();
  #current = true;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  isCurrent(): boolean {
    return this.#current;
  }

  /** Aborts the work; the run stays current, so that it can report its end. */
  abort(reason: unknown = new DOMException('stopped', 'AbortError')): void {
    this.#controller.abort(reason);
  }

  /** The run is over. */
  end(): void {
    this.#current = false;
  }
}

/** The place of a store's current run: at most one. */
export class CurrentRun {
  #run: RunHandle | null = null;

  isRunning(): boolean {
    return this.#run?.isCurrent() ?? false;
  }

  /** Begins a run in place of the current one, which is cancelled. */
  begin(): RunHandle {
    this.cancel();
    this.#run = new RunHandle();
    return this.#run;
  }

  /** Aborts the current run, which then reports its end. */
  abort(reason?: unknown): void {
    if (this.isRunning()) this.#run?.abort(reason);
  }

  /** Aborts the current run and ends it: it reports nothing any more. */
  cancel(): void {
    this.abort();
    this.#run?.end();
    this.#run = null;
  }
}
