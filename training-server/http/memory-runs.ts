/** Runs that are kept in memory and train nothing: what the tests of the server put behind its routes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type {
  CompletionRecord,
  LogLine,
  MetricRecord,
  Run,
  RunEvent,
  RunState,
} from '../../core/training/run.ts';
import type { ResumeOptions, RunCheckpoint, Runs } from '../runs/api.ts';
import type { NumberedEvent } from '../store/event-log.ts';

interface Kept {
  run: Run;
  recipe: Recipe;
  events: NumberedEvent[];
  listeners: Set<(event: NumberedEvent) => void>;
  metrics: MetricRecord[];
  completions: CompletionRecord[];
  checkpoints: RunCheckpoint[];
}

export class MemoryRuns implements Runs {
  readonly #home: string;
  readonly #kept = new Map<string, Kept>();
  readonly #watchers = new Set<(run: Run) => void>();
  closed = false;

  constructor(home: string) {
    this.#home = home;
  }

  #one(id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw new CodedError('train/run', { id });
    return kept;
  }

  async start(recipe: Recipe): Promise<Run> {
    const id = `20261121-0742-${recipe.name}-${String(this.#kept.size).padStart(4, '0')}`;
    const now = '2026-11-21T07:42:00.000Z';
    const run: Run = {
      id,
      recipe: recipe.name,
      recipeSha256: '0'.repeat(64),
      state: 'running',
      reason: null,
      createdAt: now,
      updatedAt: now,
      stage: null,
      step: 0,
      steps: null,
      savedStep: null,
      bestStep: null,
      latest: {},
      seconds: 0,
    };
    mkdirSync(this.folder(id), { recursive: true });
    const lists = { events: [], listeners: new Set<never>(), metrics: [], completions: [], checkpoints: [] };
    this.#kept.set(id, { run, recipe, ...lists });
    this.say(id, { type: 'run', run });
    return run;
  }

  /** An event as the driver would say it. */
  say(id: string, event: RunEvent): void {
    const kept = this.#one(id);
    const numbered = { id: kept.events.length + 1, event };
    kept.events.push(numbered);
    if (event.type === 'metrics') kept.metrics.push(event.record);
    for (const listener of kept.listeners) listener(numbered);
  }

  answer(id: string, record: CompletionRecord): void {
    const kept = this.#one(id);
    kept.completions.push(record);
    const lines = kept.completions.map((one) => `${JSON.stringify(one)}\n`).join('');
    writeFileSync(join(this.folder(id), 'completions.jsonl'), lines);
  }

  addCheckpoint(id: string, checkpoint: RunCheckpoint): void {
    this.#one(id).checkpoints.push(checkpoint);
  }

  #set(id: string, state: RunState, from: readonly RunState[]): Run {
    const kept = this.#one(id);
    if (!from.includes(kept.run.state)) throw new CodedError('train/state', { id, state: kept.run.state });
    kept.run = { ...kept.run, state };
    this.say(id, { type: 'run', run: kept.run });
    for (const watcher of this.#watchers) watcher(kept.run);
    return kept.run;
  }

  resume = async (id: string, _options?: ResumeOptions) =>
    this.#set(id, 'running', ['paused', 'stopped', 'guarded', 'failed']);
  pause = async (id: string) => this.#set(id, 'paused', ['running']);
  stop = async (id: string) => this.#set(id, 'stopped', ['running', 'paused', 'queued']);
  save = async (id: string) => this.#set(id, 'running', ['running']);
  list = () => [...this.#kept.values()].map(({ run }) => run).reverse();
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
