/** Runs of one root: a queue before one engine, states that survive whatever dies, events that can be caught up with. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import {
  type GroupRecord,
  groupRecordSchema,
  type LogLine,
  type MetricRecord,
  queuedRun,
  type Run,
  type RunState,
} from '../../core/training/run.ts';
import { openRoots, type Roots } from '../data/api.ts';
import type { StageData } from '../data/stage-data.ts';
import { loadStages } from '../data/stage-data.ts';
import type { Engine } from '../engine/client.ts';
import { reapOrphans } from '../engine/processes.ts';
import { type EngineOptions, spawnEngine } from '../engine/spawn.ts';
import { Driver, type DriverPorts } from '../grpo/driver.ts';
import { recipeSha256 } from '../recipes/recipe-files.ts';
import { readJson } from '../store/atomic.ts';
import type { NumberedEvent } from '../store/event-log.ts';
import { EventLog } from '../store/event-log.ts';
import { linesOf, offsetOfStep } from '../store/lines.ts';
import { lock } from '../store/lock.ts';
import { RunFolder } from '../store/run-folder.ts';
import { RunLog } from '../store/run-log.ts';
import type { ResumeOptions, RunCheckpoint, Runs } from './api.ts';
import { endOf } from './endings.ts';

export interface ManagerOptions {
  /** Folder of the run folders; made if need be. */
  readonly runs: string;
  /** Folders that sources and checkpoints may lie in. */
  readonly roots: readonly string[];
  /** Folder for decoded frames and procedural clips. */
  readonly cache: string;
  /** Runs that were running when their process ended go on by themselves; else they are paused. Default true. */
  readonly autoResume?: boolean;
  readonly startEngine?: (options: EngineOptions) => Promise<Engine>;
  readonly loadData?: (recipe: Recipe, roots: Roots, cache: string) => Promise<StageData[]>;
}

interface Entry {
  readonly folder: RunFolder;
  readonly events: EventLog;
  readonly log: RunLog;
  run: Run;
  driver: Driver | null;
  /** Where a running run is to go when it has left its step. */
  requestedState: RunState | null;
  /** When `run.json` was written last, and the write after which the next may begin. */
  written: number;
  writing: Promise<void>;
  /** `seconds` before it was started last, and when that was. */
  seconds: number;
  started: number | null;
}

const resumable: ReadonlySet<RunState> = new Set(['paused', 'stopped', 'guarded', 'failed']);
const WRITE_MS = 1000;
/** Times that torchrun may restart the ranks of a stage before the run fails. */
const RANK_RESTARTS = 3;

export class RunManager implements Runs {
  readonly #options: ManagerOptions;
  readonly #roots: Roots;
  readonly #unlock: () => Promise<void>;
  readonly #entries = new Map<string, Entry>();
  readonly #queue: Entry[] = [];
  readonly #listeners = new Set<(run: Run) => void>();
  #active: Promise<void> | null = null;
  #closing = false;
  #ended: Promise<void> | null = null;

  private constructor(options: ManagerOptions, roots: Roots, unlock: () => Promise<void>) {
    this.#options = options;
    this.#roots = roots;
    this.#unlock = unlock;
  }

  /** @throws CodedError `train/in-use` while another process works on this root, `train/missing-path` for a root */
  static async open(options: ManagerOptions): Promise<RunManager> {
    await mkdir(options.runs, { recursive: true });
    const unlock = await lock(join(options.runs, 'lock.json'));
    try {
      const manager = new RunManager(options, await openRoots(options.roots), unlock);
      await manager.#openExisting();
      return manager;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  async #openExisting(): Promise<void> {
    const names = await readdir(this.#options.runs, { withFileTypes: true });
    const interrupted: Entry[] = [];
    for (const { name } of names
      .filter((entry) => entry.isDirectory())
      .sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const folder = new RunFolder(join(this.#options.runs, name));
      if ((await readJson(folder.file('recipe.json')).catch(() => null)) === null) continue;
      await reapOrphans(folder.file('engine.json'));
      await folder.tidy();
      const run = await folder.readRun().catch(() => null);
      if (run === null) continue; // of another version
      const entry = await this.#register(folder, run);
      const { autoResume } = await folder.readMetadata();
      if (autoResume) interrupted.push(entry);
    }
    for (const entry of interrupted) {
      const { savedStep } = entry.run;
      if (this.#options.autoResume ?? true) this.#enqueue(entry);
      else this.#update(entry, { state: 'paused', reason: interruption(savedStep) });
    }
    this.#startNext();
  }

  async #register(folder: RunFolder, run: Run): Promise<Entry> {
    const events = await EventLog.open(folder.file('events.jsonl'));
    const log = new RunLog(folder.file('log.jsonl'), (line) => events.emit({ type: 'log', line }));
    const entry: Entry = {
      folder,
      events,
      log,
      run,
      driver: null,
      requestedState: null,
      written: 0,
      writing: Promise.resolve(),
      seconds: run.seconds,
      started: null,
    };
    this.#entries.set(run.id, entry);
    return entry;
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (!entry) throw new CodedError('train/run', { id });
    return entry;
  }

  async start(recipe: Recipe): Promise<Run> {
    const now = new Date();
    const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 13);
    const id = `${stamp}-${recipe.name}-${randomBytes(3).toString('hex')}`;
    const run = queuedRun({
      id,
      recipe: recipe.name,
      recipeSha256: recipeSha256(recipe),
      createdAt: now.toISOString(),
    });
    const folder = new RunFolder(join(this.#options.runs, id));
    await folder.make(recipe, run, { lrFactor: 1, autoResume: true });
    const entry = await this.#register(folder, run);
    this.#enqueue(entry);
    this.#startNext();
    return entry.run;
  }

  async resume(id: string, { step, lrFactor = 1 }: ResumeOptions = {}): Promise<Run> {
    const entry = this.#entry(id);
    const { folder, run } = entry;
    if (!resumable.has(run.state)) throw new CodedError('train/state', { id, state: run.state });
    if (step !== undefined) {
      await folder.readCheckpoint(step);
      await folder.setLast(step);
      const steps = (await folder.checkpoints()).map((checkpoint) => checkpoint.step);
      await folder.deleteOtherCheckpoints(new Set(steps.filter((other) => other <= step)));
    }
    const metadata = await folder.readMetadata();
    await folder.writeMetadata({ lrFactor: metadata.lrFactor * lrFactor, autoResume: true });
    this.#enqueue(entry);
    this.#startNext();
    return entry.run;
  }

  pause(id: string): Promise<Run> {
    return this.#requestStop(this.#entry(id), 'paused', ['queued', 'starting', 'running']);
  }

  stop(id: string): Promise<Run> {
    return this.#requestStop(this.#entry(id), 'stopped', [
      'queued',
      'starting',
      'running',
      'paused',
      'guarded',
      'failed',
    ]);
  }

  async #requestStop(entry: Entry, state: RunState, from: readonly RunState[]): Promise<Run> {
    const { run, folder } = entry;
    if (!from.includes(run.state)) throw new CodedError('train/state', { id: run.id, state: run.state });
    const metadata = await folder.readMetadata();
    await folder.writeMetadata({ ...metadata, autoResume: false });
    if (entry.driver) {
      entry.requestedState = state;
      entry.driver.requestStop();
    } else {
      const index = this.#queue.indexOf(entry);
      if (index >= 0) this.#queue.splice(index, 1);
      this.#update(entry, { state, reason: null });
    }
    return entry.run;
  }

  async save(id: string): Promise<Run> {
    const { run, driver } = this.#entry(id);
    if (run.state !== 'running' || !driver) throw new CodedError('train/state', { id, state: run.state });
    driver.save();
    return run;
  }

  list(): readonly Run[] {
    return [...this.#entries.values()]
      .map(({ run }) => run)
      .sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
  }

  get(id: string): Run {
    return this.#entry(id).run;
  }

  recipe(id: string): Promise<Recipe> {
    return this.#entry(id).folder.readRecipe();
  }

  folder(id: string): string {
    return this.#entry(id).folder.path;
  }

  async checkpoints(id: string): Promise<RunCheckpoint[]> {
    const { folder, run } = this.#entry(id);
    return (await folder.checkpoints()).map(({ step, createdAt, bytes, metrics }) => ({
      run: id,
      step,
      best: step === run.bestStep,
      last: step === run.savedStep,
      createdAt,
      bytes,
      metrics,
      model: folder.model(step),
    }));
  }

  async metrics(id: string, from = 0): Promise<MetricRecord[]> {
    const records: MetricRecord[] = [];
    const file = this.#entry(id).folder.file('metrics.jsonl');
    for await (const line of linesOf(file, await offsetOfStep(file, from))) records.push(JSON.parse(line));
    return records;
  }

  async completions(id: string, step: number): Promise<GroupRecord[]> {
    const records: GroupRecord[] = [];
    const head = `{"step":${step},`;
    const file = this.#entry(id).folder.file('completions.jsonl');
    for await (const line of linesOf(file, await offsetOfStep(file, step))) {
      if (!line.startsWith(head)) break;
      records.push(groupRecordSchema.parse(JSON.parse(line)));
    }
    return records;
  }

  log(id: string, lines = 200): Promise<LogLine[]> {
    return this.#entry(id).log.tail(lines);
  }

  subscribe(id: string, listener: (event: NumberedEvent) => void, since?: number): () => void {
    return this.#entry(id).events.subscribe(listener, since);
  }

  onChange(listener: (run: Run) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const { driver } of this.#entries.values()) driver?.requestStop();
    await this.#end();
  }

  /** Leaves at once: what was done since the last checkpoint will be done again. */
  async abort(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#entries.values()].map(({ driver }) => driver?.abort()));
    await this.#end();
  }

  #end(): Promise<void> {
    this.#ended ??= this.#finish();
    return this.#ended;
  }

  async #finish(): Promise<void> {
    await this.#active;
    for (const { events, log, writing } of this.#entries.values()) {
      await writing;
      await log.close();
      await events.close();
    }
    await this.#unlock();
  }

  #enqueue(entry: Entry): void {
    this.#queue.push(entry);
    this.#update(entry, { state: 'queued', reason: null });
  }

  #startNext(): void {
    if (this.#active || this.#closing) return;
    const entry = this.#queue.shift();
    if (!entry) return;
    this.#active = this.#execute(entry).finally(() => {
      this.#active = null;
      this.#startNext();
    });
  }

  async #execute(entry: Entry): Promise<void> {
    const { folder, log } = entry;
    entry.started = performance.now();
    entry.requestedState = null;
    this.#update(entry, { state: 'starting', reason: null });
    let ending: Pick<Run, 'state' | 'reason'>;
    try {
      const recipe = await folder.readRecipe();
      const { lrFactor } = await folder.readMetadata();
      entry.driver = new Driver(folder, recipe, lrFactor, this.#ports(entry));
      if (this.#closing) entry.driver.requestStop();
      const outcome = await entry.driver.run();
      if (outcome === 'finished') ending = { state: 'finished', reason: null };
      else if (entry.requestedState) ending = { state: entry.requestedState, reason: null };
      else ending = { state: 'paused', reason: interruption(entry.driver.savedStep) };
    } catch (error) {
      ending = endOf(error, entry.driver, entry.requestedState ?? (this.#closing ? 'paused' : null));
      const { trace, stack } = error as { trace?: string; stack?: string };
      if (ending.reason)
        log.write('error', 'driver', `${ending.reason.message}\n${trace ?? stack ?? ''}`.trimEnd());
    }
    entry.seconds = entry.run.seconds;
    entry.started = null;
    entry.driver = null;
    const metadata = await folder.readMetadata().catch(() => ({ lrFactor: 1 }));
    await folder
      .writeMetadata({ ...metadata, autoResume: this.#closing && ending.state === 'paused' })
      .catch(() => {});
    this.#update(entry, ending);
    await entry.log.flush();
    await entry.writing;
  }

  #ports(entry: Entry): DriverPorts {
    const { folder, events, log } = entry;
    const { cache, startEngine = spawnEngine, loadData = loadStages } = this.#options;
    return {
      startEngine: async (recipe, signal) => {
        await reapOrphans(folder.file('engine.json'));
        return startEngine({
          logs: folder.file('engine'),
          record: folder.file('engine.json'),
          signal,
          ranks: recipe.engine.processes,
          restarts: RANK_RESTARTS,
          ...(recipe.engine.threads !== null && { threads: recipe.engine.threads }),
        });
      },
      loadData: (recipe) => loadData(recipe, this.#roots, cache),
      resolveCheckpoint: (path) => this.#roots.resolve(path, 'model.checkpoint'),
      emit: (event) => events.emit(event),
      log: (level, text, source = 'driver') => log.write(level, source, text),
      onProgress: (progress) =>
        this.#update(entry, { state: entry.requestedState ? entry.run.state : 'running', ...progress }),
      now: () => Date.now() / 1000,
      pixelCache: join(cache, 'pixels'),
    };
  }

  /** New facts of a run: told at once, written at once where the state changed, else about every second. */
  #update(entry: Entry, change: Partial<Run>): void {
    const seconds =
      entry.started === null ? entry.seconds : entry.seconds + (performance.now() - entry.started) / 1000;
    const before = entry.run.state;
    entry.run = { ...entry.run, ...change, seconds, updatedAt: new Date().toISOString() };
    entry.events.emit({ type: 'run', run: entry.run });
    for (const listener of this.#listeners) listener(entry.run);
    const now = performance.now();
    if (entry.run.state === before && now - entry.written < WRITE_MS) return;
    entry.written = now;
    // Where the disk is full the streams say so; what is shown then is what is in memory.
    entry.writing = entry.writing.then(() => entry.folder.writeRun(entry.run)).catch(() => {});
  }
}

function interruption(savedStep: number | null): NonNullable<Run['reason']> {
  return new CodedError(
    'train/interrupted',
    { step: savedStep ?? 0 },
    'the process of the run ended',
  ).toData();
}
