/**
 * Runs as the command line and the HTTP server see them. A run is a folder under a runs root; one runs at a time on the
 * engine, the others wait. Whatever dies, the folder holds what a resume needs.
 *
 * ```
 * ID/recipe.json          resolved recipe              ID/completions.jsonl   every answer with its rewards
 *    run.json             what `get` says              ID/log.jsonl           lines of driver and engine
 *    metrics.jsonl        one line a step              ID/events.jsonl        what was said, numbered
 *    tensorboard/         the same as event files      ID/engine/             the engine's own output
 *    checkpoints/step-N/  state/ to resume from, model/ in the official layout, checkpoint.json
 *    checkpoints/last.json  the last whole one
 * ```
 */

import type { Recipe } from '../../core/training/recipe.ts';
import type { GroupRecord, LogLine, MetricRecord, Run } from '../../core/training/run.ts';
import type { NumberedEvent } from '../store/event-log.ts';

/** A checkpoint of a run that is there, whole. */
export interface RunCheckpoint {
  readonly run: string;
  readonly step: number;
  readonly best: boolean;
  readonly last: boolean;
  readonly createdAt: string;
  /** Of both folders together. */
  readonly bytes: number;
  /** Held-out metrics at this step, and the reward. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Folder in the official layout: what a package is converted from, and another recipe can start from. */
  readonly model: string;
}

export interface ResumeOptions {
  /** Step of a kept checkpoint; default: the last one. Later ones are removed. */
  readonly step?: number;
  /** Multiplies the learning rate of all that follows, e.g. after a guard fired. */
  readonly lrFactor?: number;
}

/**
 * All methods that change a run resolve when that is decided, not when it is done: `pause` of a running run resolves at
 * once, the state changes to `paused` when the step is finished and saved.
 *
 * Errors of all: `train/run` {id} where there is none of that name; `train/state` {id, state} where the state does not
 * allow it (`resume` of a running run).
 */
export interface Runs {
  /** Makes the folder and queues the run. Sources are read when it starts; check them before (`validateSources`). */
  start(recipe: Recipe): Promise<Run>;
  /** From the last checkpoint, or from the start where there is none. Allowed when paused, stopped, guarded or failed. */
  resume(id: string, options?: ResumeOptions): Promise<Run>;
  /** Finishes the step, saves, gives the engine back. */
  pause(id: string): Promise<Run>;
  /** The same for good; it can still be resumed. */
  stop(id: string): Promise<Run>;
  /** Writes a checkpoint after this step and goes on. */
  save(id: string): Promise<Run>;
  /** Newest first. */
  list(): readonly Run[];
  get(id: string): Run;
  recipe(id: string): Promise<Recipe>;
  /** Real path of the run's folder. */
  folder(id: string): string;
  checkpoints(id: string): Promise<RunCheckpoint[]>;
  /** Lines with `from` ≤ step, in order. */
  metrics(id: string, from?: number): Promise<MetricRecord[]>;
  completions(id: string, step: number): Promise<GroupRecord[]>;
  /** The last lines. */
  log(id: string, lines?: number): Promise<LogLine[]>;
  /**
   * Every event of a run from now on; with `since` those after that number first. A metric record of a step that was
   * said before replaces it and all after it (the run went back to a checkpoint).
   *
   * @returns what ends the subscription
   */
  subscribe(id: string, listener: (event: NumberedEvent) => void, since?: number): () => void;
  /** The state of any run changed: for lists. */
  onChange(listener: (run: Run) => void): () => void;
  /** Saves and leaves: the running run goes on when a server opens this root again. */
  close(): Promise<void>;
}
