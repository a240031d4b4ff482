/** Runs of one root: a queue for one engine, states that survive the process, and events that can be read again. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import {
  type GroupRecord,
  type LogLine,
  type MetricRecord,
  queuedRun,
  type Run,
  type RunState,
} from '../../core/training/run.ts';
import { openRoots, type Roots } from '../data/api.ts';
import { type LoadStages, loadStages } from '../data/stage-data.ts';
import type { Engine } from '../engine/client.ts';
import { reapOrphans } from '../engine/processes.ts';
import { spawnEngine } from '../engine/spawn.ts';
import type { EngineOptions } from '../engine/torchrun.ts';
import { engineCompletions, type SourceOf } from '../grpo/completion-source.ts';
import { recipeSha256 } from '../recipes/recipe-files.ts';
import { readJson } from '../store/atomic.ts';
import type { EventListener } from '../store/event-log.ts';
import { lock } from '../store/lock.ts';
import { RunFolder } from '../store/run-folder.ts';
import type { ResumeOptions, RunCheckpoint, Runs } from './api.ts';
import { type Environment, execute, interruption } from './execution.ts';
import { RunEntry } from './run-entry.ts';
import { readCheckpoints, readGroups, readMetrics } from './run-records.ts';
import { Tracking } from './tracking.ts';

export interface ManagerOptions {
  /** Folder of the run folders; made where it does not exist. Relative paths, also of the cache, are this process's. */
  readonly runs: string;
  /** Folders that sources and checkpoints may lie in. */
  readonly roots: readonly string[];
  /** Folder for decoded frames and procedural clips. */
  readonly cache: string;
  /** Resumes runs that were running when their process ended; else they are paused. Default true. */
  readonly autoResume?: boolean;
  /** Called for each run folder that cannot be read and is left out, with its name and the reason. */
  readonly onUnreadable?: (name: string, problem: string) => void;
  readonly startEngine?: (options: EngineOptions) => Promise<Engine>;
  readonly loadData?: LoadStages;
  readonly openTracking?: typeof Tracking.open;
  /** Default: the engine that trains. */
  readonly sourceOf?: SourceOf;
}

const resumable: ReadonlySet<RunState> = new Set(['paused', 'stopped', 'guarded', 'failed']);
const pausable: ReadonlySet<RunState> = new Set(['queued', 'starting', 'running']);
const stoppable: ReadonlySet<RunState> = new Set([...pausable, 'paused', 'guarded', 'failed']);

export class RunManager implements Runs {
  readonly #options: ManagerOptions;
  readonly #environment: Environment;
  readonly #unlock: () => Promise<void>;
  readonly #entries = new Map<string, RunEntry>();
  readonly #queue: RunEntry[] = [];
  readonly #listeners = new Set<(run: Run) => void>();
  #active: Promise<void> | null = null;
  #closing = false;
  #closed: Promise<void> | null = null;

  private constructor(options: ManagerOptions, roots: Roots, unlock: () => Promise<void>) {
    const { cache, startEngine = spawnEngine, loadData = loadStages } = options;
    const { openTracking = Tracking.open, sourceOf = engineCompletions } = options;
    this.#options = options;
    const isClosing = () => this.#closing;
    this.#environment = { roots, cache, startEngine, loadData, openTracking, sourceOf, isClosing };
    this.#unlock = unlock;
  }

  /** @throws CodedError `train/in-use` while another process works on this root, `train/missing-path` for a root */
  static async open(given: ManagerOptions): Promise<RunManager> {
    // The engine works in another folder than this process.
    const options = { ...given, runs: resolve(given.runs), cache: resolve(given.cache) };
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
    const entries = await readdir(this.#options.runs, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const interrupted: RunEntry[] = [];
    for (const name of names.sort()) {
      // One damaged folder costs its own run only.
      try {
        const entry = await this.#openFolder(new RunFolder(join(this.#options.runs, name)));
        if (entry && (await entry.folder.readMetadata()).autoResume) interrupted.push(entry);
      } catch (error) {
        this.#options.onUnreadable?.(name, String((error as Error)?.message ?? error));
      }
    }
    for (const entry of interrupted) {
      if (this.#options.autoResume ?? true) this.#enqueue(entry);
      else entry.update({ state: 'paused', reason: interruption(entry.run.savedStep) });
    }
    this.#startNext();
  }

  /** @returns null for a folder that is no run */
  async #openFolder(folder: RunFolder): Promise<RunEntry | null> {
    if (!existsSync(folder.file('recipe.json'))) return null;
    await readJson(folder.file('recipe.json'));
    await reapOrphans(folder.file('engine.json'));
    await folder.tidy();
    return await this.#register(folder, await folder.readRun());
  }

  async #register(folder: RunFolder, run: Run): Promise<RunEntry> {
    const entry = await RunEntry.open(folder, run, (changed) => {
      for (const listener of this.#listeners) listener(changed);
    });
    this.#entries.set(run.id, entry);
    return entry;
  }

  #entry(id: string): RunEntry {
    const entry = this.#entries.get(id);
    if (!entry) throw new CodedError('train/run', { id });
    return entry;
  }

  async start(recipe: Recipe): Promise<Run> {
    const createdAt = new Date().toISOString();
    const stamp = createdAt.replace(/[-:]/g, '').replace('T', '-').slice(0, 13);
    const id = `${stamp}-${recipe.name}-${randomBytes(3).toString('hex')}`;
    const run = queuedRun({ id, recipe: recipe.name, recipeSha256: recipeSha256(recipe), createdAt });
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
    return this.#requestStop(this.#entry(id), 'paused', pausable);
  }

  stop(id: string): Promise<Run> {
    return this.#requestStop(this.#entry(id), 'stopped', stoppable);
  }

  async #requestStop(entry: RunEntry, state: RunState, from: ReadonlySet<RunState>): Promise<Run> {
    const { run, folder } = entry;
    if (!from.has(run.state)) throw new CodedError('train/state', { id: run.id, state: run.state });
    await folder.writeMetadata({ ...(await folder.readMetadata()), autoResume: false });
    if (entry.driver || entry.run.state === 'starting') {
      // Without a driver the run still opens its trackers, and looks afterwards.
      entry.requestedState = state;
      entry.driver?.requestStop();
    } else {
      const index = this.#queue.indexOf(entry);
      if (index >= 0) this.#queue.splice(index, 1);
      entry.update({ state, reason: null });
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
    return readCheckpoints(folder, run);
  }

  async metrics(id: string, from = 0): Promise<MetricRecord[]> {
    return readMetrics(this.#entry(id).folder, from);
  }

  async completions(id: string, step: number): Promise<GroupRecord[]> {
    return readGroups(this.#entry(id).folder, step);
  }

  log(id: string, lines = 200): Promise<LogLine[]> {
    return this.#entry(id).log.tail(lines);
  }

  subscribe(id: string, listener: EventListener, since?: number): () => void {
    return this.#entry(id).events.subscribe(listener, since);
  }

  onChange(listener: (run: Run) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const { driver } of this.#entries.values()) driver?.requestStop();
    await this.#closeEntries();
  }

  /** Ends at once: the steps since the last checkpoint are repeated by a resume. */
  async abort(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#entries.values()].map(({ driver }) => driver?.abort()));
    await this.#closeEntries();
  }

  #closeEntries(): Promise<void> {
    this.#closed ??= (async () => {
      await this.#active;
      for (const entry of this.#entries.values()) await entry.close();
      await this.#unlock();
    })();
    return this.#closed;
  }

  #enqueue(entry: RunEntry): void {
    this.#queue.push(entry);
    entry.update({ state: 'queued', reason: null });
  }

  #startNext(): void {
    if (this.#active || this.#closing) return;
    const entry = this.#queue.shift();
    if (!entry) return;
    this.#active = execute(entry, this.#environment).finally(() => {
      this.#active = null;
      this.#startNext();
    });
  }
}
