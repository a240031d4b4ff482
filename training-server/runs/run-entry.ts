/** A run of the manager: its folder, events and log, and the state that `run.json` shows. */
import type { Run, RunState } from '../../core/training/run.ts';
import type { Driver } from '../grpo/driver.ts';
import { EventLog } from '../store/event-log.ts';
import type { RunFolder } from '../store/run-folder.ts';
import { RunLog } from '../store/run-log.ts';

/** Least time between two writes of `run.json` while the state stays the same. */
const WRITE_MS = 1000;

/** Seconds that a run has held the engine, over all its starts. */
class RunClock {
  #before: number;
  #startedAt: number | null = null;

  constructor(seconds: number) {
    this.#before = seconds;
  }

  start(): void {
    this.#startedAt = performance.now();
  }

  /** @param seconds total that later readings go on from */
  stop(seconds: number): void {
    this.#before = seconds;
    this.#startedAt = null;
  }

  get seconds(): number {
    return this.#startedAt === null
      ? this.#before
      : this.#before + (performance.now() - this.#startedAt) / 1000;
  }
}

export class RunEntry {
  readonly folder: RunFolder;
  readonly events: EventLog;
  readonly log: RunLog;
  /** The driver while the run holds the engine. */
  driver: Driver | null = null;
  /** State that a running run goes to after its step; null where none was requested. */
  requestedState: RunState | null = null;
  readonly #onChange: (run: Run) => void;
  readonly #clock: RunClock;
  #run: Run;
  #lastWrite = 0;
  /** The last write of `run.json`, after which the next may begin. */
  #written: Promise<void> = Promise.resolve();

  private constructor(folder: RunFolder, events: EventLog, run: Run, onChange: (run: Run) => void) {
    this.folder = folder;
    this.events = events;
    this.log = new RunLog(folder.file('log.jsonl'), (line) => events.emit({ type: 'log', line }));
    this.#run = run;
    this.#clock = new RunClock(run.seconds);
    this.#onChange = onChange;
  }

  static async open(folder: RunFolder, run: Run, onChange: (run: Run) => void): Promise<RunEntry> {
    return new RunEntry(folder, await EventLog.open(folder.file('events.jsonl')), run, onChange);
  }

  get run(): Run {
    return this.#run;
  }

  startClock(): void {
    this.#clock.start();
  }

  stopClock(): void {
    this.#clock.stop(this.#run.seconds);
  }

  /** Emits the changed run at once; writes it at once when its state changed, else about every second. */
  update(change: Partial<Run>): void {
    const { state } = this.#run;
    this.#run = {
      ...this.#run,
      ...change,
      seconds: this.#clock.seconds,
      updatedAt: new Date().toISOString(),
    };
    this.events.emit({ type: 'run', run: this.#run });
    this.#onChange(this.#run);
    const now = performance.now();
    if (this.#run.state === state && now - this.#lastWrite < WRITE_MS) return;
    this.#lastWrite = now;
    // A full disk is reported by the streams of the driver; until then the run in memory is shown.
    this.#written = this.#written.then(() => this.folder.writeRun(this.#run)).catch(() => {});
  }

  /** Waits until log and `run.json` are written. */
  async flush(): Promise<void> {
    await this.log.flush();
    await this.#written;
  }

  async close(): Promise<void> {
    await this.#written;
    await this.log.close();
    await this.events.close();
  }
}
