/** Runs in memory that train nothing, for tests of the server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import {
  type GroupRecord,
  type LogLine,
  type MetricRecord,
  queuedRun,
  type Run,
  type RunEvent,
  type RunState,
} from '../../core/training/run.ts';
import type { ResumeOptions, RunCheckpoint, Runs } from '../runs/api.ts';
import type { NumberedEvent } from '../store/event-log.ts';

interface MemoryRun {
  run: Run;
  recipe: Recipe;
  events: NumberedEvent[];
  listeners: Set<(event: NumberedEvent) => void>;
  metrics: MetricRecord[];
  completions: GroupRecord[];
  checkpoints: RunCheckpoint[];
}

export class MemoryRuns implements Runs {
  readonly #home: string;
  readonly #runs = new Map<string, MemoryRun>();
  readonly #watchers = new Set<(run: Run) => void>();
  closed = false;

  constructor(home: string) {
    this.#home = home;
  }

  #one(id: string): MemoryRun {
    const memory = this.#runs.get(id);
    if (memory === undefined) throw new CodedError('train/run', { id });
    return memory;
  }

  async start(recipe: Recipe): Promise<Run> {
    const id = `20261121-0742-${recipe.name}-${String(this.#runs.size).padStart(4, '0')}`;
    const createdAt = '2026-11-21T07:42:00.000Z';
    const queued = queuedRun({ id, recipe: recipe.name, recipeSha256: '0'.repeat(64), createdAt });
    const run: Run = { ...queued, state: 'running' };
    mkdirSync(this.folder(id), { recursive: true });
    const lists = { events: [], listeners: new Set<never>(), metrics: [], completions: [], checkpoints: [] };
    this.#runs.set(id, { run, recipe, ...lists });
    this.emit(id, { type: 'run', run });
    return run;
  }

  /** Adds an event as the driver emits it. */
  emit(id: string, event: RunEvent): void {
    const memory = this.#one(id);
    const numbered = { id: memory.events.length + 1, event };
    memory.events.push(numbered);
    if (event.type === 'metrics') memory.metrics.push(event.record);
    for (const listener of memory.listeners) listener(numbered);
  }

  addGroup(id: string, record: GroupRecord): void {
    const memory = this.#one(id);
    memory.completions.push(record);
    const lines = memory.completions.map((one) => `${JSON.stringify(one)}\n`).join('');
    writeFileSync(join(this.folder(id), 'completions.jsonl'), lines);
  }

  addCheckpoint(id: string, checkpoint: RunCheckpoint): void {
    this.#one(id).checkpoints.push(checkpoint);
  }

  #set(id: string, state: RunState, from: readonly RunState[]): Run {
    const memory = this.#one(id);
    if (!from.includes(memory.run.state))
      throw new CodedError('train/state', { id, state: memory.run.state });
    memory.run = { ...memory.run, state };
    this.emit(id, { type: 'run', run: memory.run });
    for (const watcher of this.#watchers) watcher(memory.run);
    return memory.run;
  }

  resume = async (id: string, _options?: ResumeOptions) =>
    this.#set(id, 'running', ['paused', 'stopped', 'guarded', 'failed']);
  pause = async (id: string) => this.#set(id, 'paused', ['running']);
  stop = async (id: string) => this.#set(id, 'stopped', ['running', 'paused', 'queued']);
  save = async (id: string) => this.#set(id, 'running', ['running']);
  list = () => [...this.#runs.values()].map(({ run }) => run).reverse();
  get = (id: string) => this.#one(id).run;
  recipe = async (id: string) => this.#one(id).recipe;
  folder = (id: string) => join(this.#home, id);
  checkpoints = async (id: string) => this.#one(id).checkpoints;
  metrics = async (id: string, from = 0) => this.#one(id).metrics.filter(({ step }) => step >= from);
  completions = async (id: string, step: number) =>
    this.#one(id).completions.filter((one) => one.step === step);
  log = async (id: string, lines = 1): Promise<LogLine[]> => {
    this.#one(id);
    return [
      { time: 1, source: 'driver' as const, level: 'info' as const, text: 'started\r\ndata: no event' },
    ].slice(-lines);
  };

  subscribe(id: string, listener: (event: NumberedEvent) => void, since?: number): () => void {
    const { events, listeners } = this.#one(id);
    if (since !== undefined) for (const event of events) if (event.id > since) listener(event);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  listeners = (id: string) => this.#one(id).listeners.size;

  onChange(listener: (run: Run) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  close = async () => {
    this.closed = true;
  };
}
