/**
 * Interface of runs for the command line and the HTTP server. A run is a folder in the runs folder. One run at a time holds
 * the engine, the others wait. The folder is sufficient for a resume after any process has died.
 *
 * ```
 * ID/recipe.json          resolved recipe              ID/completions.jsonl   groups with their rewards
 *    run.json             the run for `get`            ID/log.jsonl           lines of driver and engine
 *    metrics.jsonl        one line a step              ID/events.jsonl        numbered events
 *    tensorboard/         the same as event files      ID/engine/             the engine's own output
 *    checkpoints/step-N/  state/ to resume from, model/ in the official layout, checkpoint.json
 *    checkpoints/last.json  the last complete one
 * ```
 */

import type { Recipe } from '../../core/training/recipe.ts';
import type { GroupRecord, LogLine, MetricRecord, Run } from '../../core/training/run.ts';
import type { EventListener } from '../store/event-log.ts';

/** A complete checkpoint of a run. */
export interface RunCheckpoint {
  readonly run: string;
  readonly step: number;
  readonly best: boolean;
  readonly last: boolean;
  readonly createdAt: string;
  /** Size of both folders. */
  readonly bytes: number;
  /** Held-out metrics at this step, and the reward. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Folder in the official layout, for conversion to a package and as a start of other recipes. */
  readonly model: string;
}

export interface ResumeOptions {
  /** Step of a checkpoint; default: the last one. Later ones are deleted. */
  readonly step?: number;
  /** Multiplies the learning rate from here on, e.g. after a guard has fired. */
  readonly lrFactor?: number;
}

/**
 * Methods that change a run resolve when the request is accepted: `pause` of a running run resolves at once, and the state
 * becomes `paused` when the step is finished and saved.
 *
 * Errors of all methods: `train/run` {id} for an unknown id; `train/state` {id, state} where the state does not allow the
 * request (`resume` of a running run).
 */
export interface Runs {
  /** Creates the folder and queues the run. Sources are read when it starts; validate them before (`validateSources`). */
  start(recipe: Recipe): Promise<Run>;
  /** From the last checkpoint, or from the start where there is none. Allowed when paused, stopped, guarded or failed. */
  resume(id: string, options?: ResumeOptions): Promise<Run>;
  /** Finishes the step, saves, and releases the engine. */
  pause(id: string): Promise<Run>;
  /** As `pause`, with the state `stopped`; it can still be resumed. */
  stop(id: string): Promise<Run>;
  /** Writes a checkpoint after this step and continues. */
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
   * Calls the listener with every new event of a run; with `since`, first with those after that number. A metric record of an
   * earlier step replaces that step and all later ones: the run has resumed from a checkpoint.
   *
   * @returns a function that ends the subscription
   */
  subscribe(id: string, listener: EventListener, since?: number): () => void;
  /** Calls the listener with every run that changes. */
  onChange(listener: (run: Run) => void): () => void;
  /** Saves and stops: the running run resumes when a server opens this root again. */
  close(): Promise<void>;
}
