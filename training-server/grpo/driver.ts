/**
 * The driver: takes a run through its stages step by step, writes down what happened, and leaves checkpoints from which
 * the same steps follow. It asks the engine for tensors and holds every rule itself.
 */

import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promptText } from '../../core/answer/prompts.ts';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import { scoreRange } from '../../core/training/recipe-checks.ts';
import type { Stage } from '../../core/training/recipe-stages.ts';
import type { LogLine, RunEvent } from '../../core/training/run.ts';
import type { StageData } from '../data/stage-data.ts';
import { type Engine, EngineError } from '../engine/client.ts';
import { bytesOf, type DriverState, type RunFolder } from '../store/run-folder.ts';
import { evaluate } from './evaluation.ts';
import { FrameCounts } from './frame-counts.ts';
import { countGuards, firedGuard, noGuardCounts } from './guards.ts';
import { hashOf, loadParams } from './load-params.ts';
import { type Objective, objectiveOf, type StepResult, stepsOf } from './objective.ts';
import { trainingProfile } from './profile.ts';
import { RunStreams } from './run-streams.ts';
import { checkItems } from './stage-checks.ts';
import type { Metrics, StageContext } from './stage-context.ts';

/** Functions that the driver calls and its owner provides. */
export interface DriverPorts {
  /** The signal gives the start up; then rejects with an `AbortError`. */
  startEngine(recipe: Recipe, signal: AbortSignal): Promise<Engine>;
  /** One entry a stage. Called once, before the engine starts. */
  loadData(recipe: Recipe): Promise<StageData[]>;
  /** Real path of the checkpoint that the recipe names. */
  resolveCheckpoint(path: string): Promise<string>;
  emit(event: Exclude<RunEvent, { type: 'run' | 'log' }>): void;
  log(level: LogLine['level'], text: string, source?: LogLine['source']): void;
  /** Called with the progress of the run after every step, evaluation and checkpoint. */
  onProgress(progress: Progress): void;
  /** Seconds since 1970; time is written down, never computed with. */
  now(): number;
  /** Folder and size of the cache of decoded frames. */
  readonly pixelCache: string;
}

export interface Progress {
  readonly stage: { readonly index: number; readonly name: string; readonly objective: string };
  readonly step: number;
  readonly steps: number;
  readonly savedStep: number | null;
  readonly bestStep: number | null;
  readonly latest: Metrics;
}

const firstState = (): DriverState => ({
  step: 0,
  stage: 0,
  stageStep: 0,
  tokens: 0,
  guards: noGuardCounts,
  best: null,
  streams: { metrics: 0, completions: 0, tensorboard: {} },
  data: '',
  latest: {},
  stageEnds: [],
});

/** Room that must be left for logs and streams when a checkpoint is written. */
const SPARE_BYTES = 32 * 2 ** 20;

export class Driver {
  readonly #folder: RunFolder;
  readonly #recipe: Recipe;
  readonly #lrFactor: number;
  readonly #ports: DriverPorts;
  #state: DriverState = firstState();
  #saved: { step: number; bytes: number } | null = null;
  #steps = 0;
  /** Step at which ranks died last. */
  #lastRankFailureStep: number | null = null;
  #engine: Engine | null = null;
  #streams: RunStreams | null = null;
  readonly #startAbort = new AbortController();
  #stopRequested = false;
  #saveRequested = false;

  constructor(folder: RunFolder, recipe: Recipe, lrFactor: number, ports: DriverPorts) {
    this.#folder = folder;
    this.#recipe = recipe;
    this.#lrFactor = lrFactor;
    this.#ports = ports;
  }

  get step(): number {
    return this.#state.step;
  }

  /** Step of the last checkpoint; null before the first. */
  get savedStep(): number | null {
    return this.#saved?.step ?? null;
  }

  /** Finish the step, save, return. An engine that is still starting, or waited for, is not. */
  requestStop(): void {
    this.#stopRequested = true;
    if (this.#engine === null) this.#startAbort.abort();
  }

  /** Save after this step and go on. */
  save(): void {
    this.#saveRequested = true;
  }

  /** Drops the engine at once, in the middle of whatever it does. */
  async abort(): Promise<void> {
    this.requestStop();
    await this.#engine?.stop();
  }

  /**
   * From the last checkpoint to the end, or until `requestStop`.
   *
   * @throws CodedError `train/guard`, `train/entropy`, `train/recipe`, `train/data`, `train/checkpoint`; EngineError;
   *   whatever writing a file throws
   */
  async run(): Promise<'finished' | 'stopped'> {
    const data = await this.#ports.loadData(this.#recipe);
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

  /** Where the last checkpoint was, or at the start: what was written since then is cut off. */
  async #restoreLastCheckpoint(): Promise<void> {
    const last = await this.#folder.last();
    this.#state = last?.state ?? firstState();
    this.#saved = last && { step: last.step, bytes: last.bytes };
    await this.#folder.deleteOtherCheckpoints(
      new Set((await this.#folder.checkpoints()).map(({ step }) => step)),
    );
    await this.#streams?.close();
    const { streams } = this.#state;
    this.#streams = await RunStreams.open(this.#folder.path, streams, this.step, this.#ports.now());
  }

  /**
   * After a rank has died and torchrun has started the ranks again: back to the last checkpoint. A second death in the same
   * step is no chance.
   *
   * @throws the error itself in every other case
   */
  async #recoverFromRankFailure(error: unknown): Promise<true> {
    const { step } = this;
    const lost =
      error instanceof EngineError && error.code === 'train/engine' && this.#lastRankFailureStep !== step;
    if (!lost || this.#stopRequested || !(await this.#engine?.restarted())) throw error;
    this.#lastRankFailureStep = step;
    await this.#restoreLastCheckpoint();
    this.#ports.log('warning', `${error.message}; ranks started again, on from step ${this.step}`);
    return true;
  }

  /** @returns false when it was asked to leave before the end */
  async #runStage(stage: Stage, data: StageData): Promise<boolean> {
    const begun = await this.#prepareStage(stage, data).catch((error: unknown) => {
      if (this.#startAbort.signal.aborted && (error as Error).name === 'AbortError') return null;
      throw error;
    });
    if (begun === null) return false;
    const { context, objective } = begun;
    const { stage: index } = this.#state;
    this.#reportProgress(stage);
    if (this.#state.stageStep === 0 && stage.evaluation.atStart && this.#hasEvaluation(context))
      await this.#recordMetrics(await this.#evaluate(context), stage);
    // The checkpoint after the last step opens the next stage.
    while (this.#state.stage === index) {
      if (this.#stopRequested) {
        await this.#checkpoint(stage, objective);
        return false;
      }
      const round = this.#state.stageStep / objective.stepsPerRound;
      let left = objective.stepsPerRound;
      let started = performance.now();
      for await (const result of objective.round(round, this.#lrFactor)) {
        left -= 1;
        await this.#finishStep(result, context, objective, left === 0, started);
        started = performance.now();
      }
      const due = this.#state.stageStep % stage.checkpoints.everySteps === 0;
      const isBest = this.#state.best?.step === this.step;
      const ends = this.#state.stageStep >= objective.steps;
      const asked = this.#saveRequested;
      this.#saveRequested = false;
      if (due || isBest || ends || asked) await this.#checkpoint(stage, objective);
    }
    await this.#engine?.stop();
    this.#engine = null;
    return true;
  }

  /** An engine that holds nothing yet for the stage, with its weights and, on a resume, its optimiser. */
  async #prepareStage(
    stage: Stage,
    data: StageData,
  ): Promise<{ context: StageContext; objective: Objective }> {
    const recipe = this.#recipe;
    const first = await this.#ports.resolveCheckpoint(recipe.model.checkpoint);
    const start = this.#state.stageEnds[this.#state.stage - 1];
    const checkpoint = start === undefined ? first : this.#folder.model(start);
    const hash = hashOf(data);
    if (this.#state.stageStep > 0 && this.#state.data !== hash) {
      const problem = `have other videos or labels than at step ${this.step}`;
      throw new CodedError('train/recipe', { field: 'sources', problem });
    }
    this.#state = { ...this.#state, data: hash };
    const profile = await trainingProfile(first, recipe.model.profile);
    const engine = this.#engine ?? (await this.#ports.startEngine(recipe, this.#startAbort.signal));
    if (this.#engine === null) this.#forwardNotices(engine);
    this.#engine = engine;
    const loaded = await engine.call(
      'load',
      loadParams(recipe, stage, checkpoint, profile, engine, this.#ports.pixelCache),
    );
    this.#ports.log(
      'info',
      `${stage.name}: ${loaded.trainable} of ${loaded.parameters} parameters train on ${loaded.device}, ` +
        `${data.train.length} videos, ${data.heldOut.length} held out`,
    );
    if (this.#state.stageStep > 0) await this.#restore(engine);
    const counts = new FrameCounts(engine, (path, error) =>
      this.#ports.log('warning', `${path} is left out: ${error}`),
    );
    const context: StageContext = {
      engine,
      recipe,
      stage,
      seed: `${recipe.seed}/${stage.name}`,
      profile,
      prompt: promptText(profile, { reasoning: recipe.rules.reasoning, motion: recipe.model.motion }),
      range: scoreRange(recipe),
      ...data,
      counts,
    };
    return { context, objective: objectiveOf(context) };
  }

  async #restore(engine: Engine): Promise<void> {
    const { extra } = await engine.call('restore', { folder: this.#folder.state(this.step) });
    const step = (extra as { step?: unknown } | null)?.step;
    if (step === this.step) return;
    const problem = `the checkpoint of step ${this.step} holds step ${String(step)}`;
    throw new CodedError('train/checkpoint', { step: this.step, problem }, problem);
  }

  #forwardNotices(engine: Engine): void {
    engine.on('log', ({ level, text }) => this.#ports.log(level, text, 'engine'));
    engine.on('progress', (progress) => this.#ports.emit({ type: 'progress', ...progress }));
  }

  #hasEvaluation(context: StageContext): boolean {
    return context.heldOut.length > 0 && context.stage.evaluation.everySteps !== null;
  }

  async #evaluate(context: StageContext): Promise<Metrics> {
    const started = performance.now();
    const values = await evaluate(context, (done, of) =>
      this.#ports.emit({ type: 'progress', phase: 'evaluate', done, of }),
    );
    return { ...values, 'seconds/evaluate': (performance.now() - started) / 1000 };
  }

  async #finishStep(
    result: StepResult,
    context: StageContext,
    objective: Objective,
    endOfRound: boolean,
    started: number,
  ): Promise<void> {
    const { stage } = context;
    const { stage: index } = this.#state;
    const stageStep = this.#state.stageStep + 1;
    const tokens = this.#state.tokens + result.tokens;
    this.#state = { ...this.#state, step: this.step + 1, stageStep, tokens };
    const completions = result.completions(this.step, index);
    await this.#streams!.completions(completions);
    if (completions.length > 0)
      this.#ports.emit({ type: 'completions', step: this.step, videos: completions.length });
    const every = stage.evaluation.everySteps;
    const ends = stageStep === objective.steps && stage.evaluation.atEnd;
    const due =
      endOfRound && this.#hasEvaluation(context) && (ends || (every !== null && stageStep % every === 0));
    const values = { ...result.metrics, ...(tokens > 0 && { num_tokens: tokens }) };
    if (stage.objective === 'grpo')
      this.#state = { ...this.#state, guards: countGuards(this.#state.guards, stage.guards, values) };
    const evaluated = due ? await this.#evaluate(context) : {};
    if (due) this.#updateBest(evaluated[`eval/${stage.evaluation.best}`] ?? null);
    const spent = (performance.now() - started) / 1000;
    await this.#recordMetrics(
      { ...values, ...evaluated, ...timesOf(spent, { ...values, ...evaluated }) },
      stage,
    );
    if (stage.objective !== 'grpo') return;
    const fired = firedGuard(this.#state.guards, stage.guards, this.step, this.savedStep ?? 0);
    if (fired) throw fired;
  }

  #updateBest(value: number | null): void {
    const { best } = this.#state;
    if (value !== null && (best === null || value > best.value))
      this.#state = { ...this.#state, best: { step: this.step, value } };
  }

  async #recordMetrics(values: Metrics, stage: Stage): Promise<void> {
    const record = { step: this.step, stage: this.#state.stage, time: this.#ports.now(), values };
    await this.#streams!.metrics(record);
    this.#state = { ...this.#state, latest: { ...this.#state.latest, ...values } };
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

  /** Streams to the disk first, then the engine's state and model, then the pointer: any of it may be the last thing done. */
  async #checkpoint(stage: Stage, objective: Objective): Promise<void> {
    if (this.#saved?.step === this.step || this.step === 0) return;
    const engine = this.#engine!;
    await this.#streams!.sync();
    await this.#checkFreeSpace();
    const ended = this.#state.stageStep >= objective.steps;
    this.#state = {
      ...this.#state,
      streams: this.#streams!.bytes(),
      ...(ended && {
        stage: this.#state.stage + 1,
        stageStep: 0,
        guards: noGuardCounts,
        best: this.#state.best,
        stageEnds: [...this.#state.stageEnds, this.step],
      }),
    };
    const partial = await this.#folder.beginCheckpoint(this.step);
    try {
      await engine.call('save', { folder: join(partial, 'state'), extra: { step: this.step } });
      await engine.call('export', { folder: join(partial, 'model') });
      const bytes = await bytesOf(partial);
      const metrics = Object.fromEntries(
        Object.entries(this.#state.latest).filter(([name]) => name.startsWith('eval/') || name === 'reward'),
      );
      const createdAt = new Date(this.#ports.now() * 1000).toISOString();
      await this.#folder.commitCheckpoint({ step: this.step, createdAt, bytes, metrics, state: this.#state });
      this.#saved = { step: this.step, bytes };
    } catch (error) {
      await this.#folder.deleteOtherCheckpoints(
        new Set((await this.#folder.checkpoints()).map(({ step }) => step)),
      );
      throw error;
    }
    await this.#deleteOldCheckpoints(stage);
    this.#ports.emit({ type: 'checkpoint', step: this.step, best: this.#state.best?.step === this.step });
    this.#reportProgress(stage);
  }

  /** The last few, the best one, and the one that the running stage began with. */
  async #deleteOldCheckpoints(stage: Stage): Promise<void> {
    const steps = (await this.#folder.checkpoints()).map(({ step }) => step);
    const { best, stageEnds } = this.#state;
    const kept = [...steps.slice(-stage.checkpoints.keep), ...stageEnds, ...(best ? [best.step] : [])];
    await this.#folder.deleteOtherCheckpoints(new Set(kept));
  }

  /** Said before the engine writes for minutes: nothing is half written, nothing is lost. */
  async #checkFreeSpace(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder.path);
    const needed = (this.#saved?.bytes ?? 0) + SPARE_BYTES;
    if (bavail * bsize < needed) throw new CodedError('train/disk', { step: this.step });
  }
}

/** The whole step, and what of it was neither the engine's work nor the rewards': the driver's own. */
function timesOf(spent: number, values: Metrics): Metrics {
  const parts = ['videos', 'rollout', 'reward', 'update', 'evaluate'].map(
    (part) => values[`seconds/${part}`] ?? 0,
  );
  return { 'seconds/step': spent, 'seconds/driver': parts.reduce((rest, part) => rest - part, spent) };
}
