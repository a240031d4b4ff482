/**
 * The driver: takes a run through its stages step by step, records each, and writes checkpoints from which the same steps
 * follow. The engine computes tensors; every rule of the method is applied here.
 */

import { promptText } from '../../core/answer/prompts.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import { scoreRange } from '../../core/training/recipe-checks.ts';
import type { Stage } from '../../core/training/recipe-stages.ts';
import type { LogLine, RunEvent } from '../../core/training/run.ts';
import type { LoadStages, StageData } from '../data/stage-data.ts';
import { type Engine, EngineError } from '../engine/client.ts';
import type { DriverState, RunFolder } from '../store/run-folder.ts';
import { CheckpointWriter, checkpointBytes } from './checkpoint-writer.ts';
import type { SourceOf } from './completion-source.ts';
import { afterEvaluation, afterStage, afterStep, firstState } from './driver-state.ts';
import { evaluate } from './evaluation.ts';
import { FrameCounts } from './frame-counts.ts';
import { countGuards, firedGuard } from './guards.ts';
import { loadParams } from './load-params.ts';
import { type Objective, objectiveOf, type StepResult, stepsOf } from './objective.ts';
import { RunStreams } from './run-streams.ts';
import { checkItems } from './stage-checks.ts';
import type { Metrics, StageContext } from './stage-context.ts';
import { restoreEngine, stageStart } from './stage-start.ts';

type LoadDataOptions = Parameters<LoadStages>[3];

/** Least time between two log lines while clips are generated. */
const LOAD_LOG_MS = 10_000;

/** Functions that the driver calls and its owner provides. */
export interface DriverPorts {
  /** Rejects with an `AbortError` when the signal fires during the start. */
  startEngine(recipe: Recipe, signal: AbortSignal): Promise<Engine>;
  /** One entry a stage. Called once, before the engine starts. */
  loadData(recipe: Recipe, options: LoadDataOptions): Promise<StageData[]>;
  /** Real path of the checkpoint that the recipe names. */
  resolveCheckpoint(path: string): Promise<string>;
  emit(event: Exclude<RunEvent, { type: 'run' | 'log' }>): void;
  log(level: LogLine['level'], text: string, source?: LogLine['source']): void;
  /** Called with the progress of the run after every step, evaluation and checkpoint. */
  onProgress(progress: Progress): void;
  /** Seconds since 1970; recorded, and used in no computation. */
  now(): number;
  /** Folder of the cache of decoded frames. */
  readonly pixelCache: string;
  readonly sourceOf: SourceOf;
}

export interface Progress {
  readonly stage: { readonly index: number; readonly name: string; readonly objective: string };
  readonly step: number;
  readonly steps: number;
  readonly savedStep: number | null;
  readonly bestStep: number | null;
  readonly latest: Metrics;
}

/** A stage that is loaded in the engine. */
interface LoadedStage {
  readonly context: StageContext;
  readonly objective: Objective;
  /** Estimated bytes of a checkpoint. */
  readonly checkpointBytes: number;
}

export class Driver {
  readonly #folder: RunFolder;
  readonly #recipe: Recipe;
  readonly #lrFactor: number;
  readonly #ports: DriverPorts;
  readonly #checkpoints: CheckpointWriter;
  #state: DriverState = firstState;
  /** Optimiser steps of all stages. */
  #steps = 0;
  /** Step at which ranks died last. */
  #lastRankFailureStep: number | null = null;
  #engine: Engine | null = null;
  #streams: RunStreams | null = null;
  readonly #startAbort = new AbortController();
  #stopRequested = false;
  #saveRequested = false;

  /** @param lrFactor multiplies every learning rate */
  constructor(folder: RunFolder, recipe: Recipe, lrFactor: number, ports: DriverPorts) {
    this.#folder = folder;
    this.#recipe = recipe;
    this.#lrFactor = lrFactor;
    this.#ports = ports;
    this.#checkpoints = new CheckpointWriter(folder, () => ports.now());
  }

  get step(): number {
    return this.#state.step;
  }

  /** Step of the last checkpoint; null before the first. */
  get savedStep(): number | null {
    return this.#checkpoints.savedStep;
  }

  /** Ends `run` after the present step and its checkpoint; aborts an engine that is still starting. */
  requestStop(): void {
    this.#stopRequested = true;
    if (this.#engine === null) this.#startAbort.abort();
  }

  /** Writes a checkpoint after the present round. */
  save(): void {
    this.#saveRequested = true;
  }

  /** Stops the engine at once, in the middle of a call. */
  async abort(): Promise<void> {
    this.requestStop();
    await this.#engine?.stop();
  }

  /**
   * From the last checkpoint to the end, or until `requestStop`.
   *
   * @throws CodedError `train/guard`, `train/entropy`, `train/recipe`, `train/data`, `train/checkpoint`; EngineError; the
   *   errors of writing a file
   */
  async run(): Promise<'finished' | 'stopped'> {
    const data = await this.#loadData();
    if (data === null) return 'stopped';
    const { stages } = this.#recipe;
    for (const [i, stage] of stages.entries()) checkItems(stage, data[i]!.train, `stages[${i}]`);
    const steps = stages.map((stage, i) => stepsOf(stage, this.#recipe, data[i]!.train.length));
    this.#steps = steps.reduce((sum, n) => sum + n, 0);
    try {
      await this.#restoreLastCheckpoint();
      while (this.#state.stage < stages.length) {
        if (this.#stopRequested) return 'stopped';
        const { stage } = this.#state;
        const ended = await this.#runStage(stages[stage]!, data[stage]!).catch((error: unknown) =>
          this.#recoverFromRankFailure(error),
        );
        if (!ended) return 'stopped';
      }
      return 'finished';
    } finally {
      await this.#streams?.close();
      await this.#engine?.stop();
    }
  }

  /** The videos of all stages; null where a stop was requested while clips were generated. */
  async #loadData(): Promise<StageData[] | null> {
    let loggedAt = Number.NEGATIVE_INFINITY;
    const onProgress = (done: number, of: number) => {
      this.#ports.emit({ type: 'progress', phase: 'load', done, of });
      if (done < of && performance.now() - loggedAt < LOAD_LOG_MS) return;
      loggedAt = performance.now();
      this.#ports.log('info', `generating clips: ${done} of ${of} scenes`);
    };
    const { signal } = this.#startAbort;
    try {
      return await this.#ports.loadData(this.#recipe, { onProgress, signal });
    } catch (error) {
      if (signal.aborted && (error as Error).name === 'AbortError') return null;
      throw error;
    }
  }

  /** The state of the last checkpoint, or the first one; truncates the streams to it. */
  async #restoreLastCheckpoint(): Promise<void> {
    this.#state = (await this.#checkpoints.restoreLast()) ?? firstState;
    await this.#streams?.close();
    const { streams } = this.#state;
    this.#streams = await RunStreams.open(this.#folder.path, streams, this.step, this.#ports.now());
  }

  /**
   * Continues from the last checkpoint after torchrun has restarted dead ranks; a second death in the same step ends the run.
   *
   * @throws the error itself in every other case
   */
  async #recoverFromRankFailure(error: unknown): Promise<true> {
    const { step } = this;
    const lost = error instanceof EngineError && error.code === 'train/engine';
    const again = this.#lastRankFailureStep === step;
    if (!lost || again || this.#stopRequested || !(await this.#engine?.restarted())) throw error;
    this.#lastRankFailureStep = step;
    await this.#restoreLastCheckpoint();
    this.#ports.log('warning', `${error.message}; ranks started again, on from step ${this.step}`);
    return true;
  }

  /** @returns false where a stop was requested before the end of the stage */
  async #runStage(stage: Stage, data: StageData): Promise<boolean> {
    const loaded = await this.#loadStage(stage, data).catch((error: unknown) => {
      if (this.#startAbort.signal.aborted && (error as Error).name === 'AbortError') return null;
      throw error;
    });
    if (loaded === null) return false;
    const { stage: index } = this.#state;
    this.#reportProgress(stage);
    if (this.#state.stageStep === 0 && stage.evaluation.atStart && hasEvaluation(loaded.context))
      await this.#recordMetrics(await this.#evaluate(loaded.context), stage);
    // The checkpoint after the last step of the stage moves the state to the next stage.
    while (this.#state.stage === index) {
      if (this.#stopRequested) {
        await this.#checkpoint(loaded);
        return false;
      }
      await this.#runRound(loaded);
      if (this.#isCheckpointDue(loaded)) await this.#checkpoint(loaded);
    }
    await this.#engine?.stop();
    this.#engine = null;
    return true;
  }

  /** Loads the weights of the stage and, on a resume, its optimiser; starts an engine where none is running. */
  async #loadStage(stage: Stage, data: StageData): Promise<LoadedStage> {
    const recipe = this.#recipe;
    const first = await this.#ports.resolveCheckpoint(recipe.model.checkpoint);
    const { checkpoint, profile, dataHash } = await stageStart(
      this.#folder,
      recipe,
      this.#state,
      data,
      first,
    );
    this.#state = { ...this.#state, data: dataHash };
    const engine = this.#engine ?? (await this.#startEngine());
    const loaded = await engine.call(
      'load',
      loadParams(recipe, stage, checkpoint, profile, engine, this.#ports.pixelCache),
    );
    this.#ports.log(
      'info',
      `${stage.name}: ${loaded.trainable} of ${loaded.parameters} parameters train on ${loaded.device}, ` +
        `${data.train.length} videos, ${data.heldOut.length} held out`,
    );
    const bytes = checkpointBytes(loaded, recipe.engine.precision, stage.optimiser);
    await this.#checkpoints.checkFreeSpace(this.step, bytes);
    if (this.#state.stageStep > 0) await restoreEngine(engine, this.#folder, this.step);
    const context: StageContext = {
      engine,
      completions: this.#ports.sourceOf(engine),
      recipe,
      stage,
      seed: `${recipe.seed}/${stage.name}`,
      profile,
      prompt: promptText(profile, { reasoning: recipe.rules.reasoning, motion: recipe.model.motion }),
      range: scoreRange(recipe),
      ...data,
      counts: new FrameCounts(engine, (path, error) =>
        this.#ports.log('warning', `${path} is left out: ${error}`),
      ),
    };
    return { context, objective: objectiveOf(context), checkpointBytes: bytes };
  }

  async #startEngine(): Promise<Engine> {
    const engine = await this.#ports.startEngine(this.#recipe, this.#startAbort.signal);
    engine.on('log', ({ level, text }) => this.#ports.log(level, text, 'engine'));
    engine.on('progress', (progress) => this.#ports.emit({ type: 'progress', ...progress }));
    this.#engine = engine;
    return engine;
  }

  /** All steps on one rollout. */
  async #runRound(loaded: LoadedStage): Promise<void> {
    const { objective } = loaded;
    const round = this.#state.stageStep / objective.stepsPerRound;
    let remaining = objective.stepsPerRound;
    let startedAt = performance.now();
    for await (const result of objective.round(round, this.#lrFactor)) {
      remaining -= 1;
      await this.#finishStep(loaded, result, remaining === 0, startedAt);
      startedAt = performance.now();
    }
  }

  /** Records a step; evaluates and checks the guards where they are due. */
  async #finishStep(
    { context, objective }: LoadedStage,
    result: StepResult,
    isLastOfRound: boolean,
    startedAt: number,
  ): Promise<void> {
    const { stage } = context;
    this.#state = afterStep(this.#state, result.tokens);
    const { step, stage: index, stageStep, tokens } = this.#state;
    const completions = result.completions(step, index);
    await this.#streams!.completions(completions);
    if (completions.length > 0) this.#ports.emit({ type: 'completions', step, videos: completions.length });
    const metrics = { ...result.metrics, ...(tokens > 0 && { num_tokens: tokens }) };
    if (stage.objective === 'grpo')
      this.#state = { ...this.#state, guards: countGuards(this.#state.guards, stage.guards, metrics) };
    const due = isLastOfRound && isEvaluationDue(context, stageStep, objective.steps);
    const evaluated = due ? await this.#evaluate(context) : {};
    if (due) this.#state = afterEvaluation(this.#state, evaluated[`eval/${stage.evaluation.best}`] ?? null);
    const all = { ...metrics, ...evaluated };
    await this.#recordMetrics({ ...all, ...timesOf((performance.now() - startedAt) / 1000, all) }, stage);
    if (stage.objective !== 'grpo') return;
    const fired = firedGuard(this.#state.guards, stage.guards, step, this.savedStep ?? 0);
    if (fired) throw fired;
  }

  async #evaluate(context: StageContext): Promise<Metrics> {
    const startedAt = performance.now();
    const metrics = await evaluate(context, (done, of) =>
      this.#ports.emit({ type: 'progress', phase: 'evaluate', done, of }),
    );
    return { ...metrics, 'seconds/evaluate': (performance.now() - startedAt) / 1000 };
  }

  async #recordMetrics(metrics: Metrics, stage: Stage): Promise<void> {
    const record = { step: this.step, stage: this.#state.stage, time: this.#ports.now(), values: metrics };
    await this.#streams!.metrics(record);
    this.#state = { ...this.#state, latest: { ...this.#state.latest, ...metrics } };
    this.#ports.emit({ type: 'metrics', record });
    this.#reportProgress(stage);
  }

  #reportProgress(stage: Stage): void {
    this.#ports.onProgress({
      stage: { index: this.#recipe.stages.indexOf(stage), name: stage.name, objective: stage.objective },
      step: this.step,
      steps: this.#steps,
      savedStep: this.savedStep,
      bestStep: this.#state.best?.step ?? null,
      latest: this.#state.latest,
    });
  }

  #isCheckpointDue({ context, objective }: LoadedStage): boolean {
    const { stageStep, best, step } = this.#state;
    const requested = this.#saveRequested;
    this.#saveRequested = false;
    return (
      requested ||
      stageStep % context.stage.checkpoints.everySteps === 0 ||
      best?.step === step ||
      stageStep >= objective.steps
    );
  }

  /** Flushes the streams before the engine writes, so that a checkpoint never counts bytes that are not on the disk. */
  async #checkpoint({ context: { stage }, objective, checkpointBytes: bytes }: LoadedStage): Promise<void> {
    if (this.savedStep === this.step || this.step === 0) return;
    await this.#streams!.sync();
    await this.#checkpoints.checkFreeSpace(this.step, bytes);
    const ended = this.#state.stageStep >= objective.steps;
    this.#state = {
      ...(ended ? afterStage(this.#state) : this.#state),
      streams: this.#streams!.bytes(),
    };
    await this.#checkpoints.write(this.#engine!, this.#state);
    await this.#checkpoints.deleteOld(stage.checkpoints.keep, this.#state);
    this.#ports.emit({ type: 'checkpoint', step: this.step, best: this.#state.best?.step === this.step });
    this.#reportProgress(stage);
  }
}

const hasEvaluation = ({ heldOut, stage }: StageContext): boolean =>
  heldOut.length > 0 && stage.evaluation.everySteps !== null;

function isEvaluationDue(context: StageContext, stageStep: number, steps: number): boolean {
  const { everySteps, atEnd } = context.stage.evaluation;
  if (!hasEvaluation(context)) return false;
  return (stageStep === steps && atEnd) || (everySteps !== null && stageStep % everySteps === 0);
}

/** Seconds of the whole step, and of it the driver's own: those of neither engine nor rewards. */
function timesOf(spent: number, metrics: Metrics): Metrics {
  const parts = ['videos', 'rollout', 'reward', 'update', 'evaluate'].map(
    (part) => metrics[`seconds/${part}`] ?? 0,
  );
  return { 'seconds/step': spent, 'seconds/driver': parts.reduce((rest, part) => rest - part, spent) };
}
