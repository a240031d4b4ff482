/**
 * `npm run train -- RECIPE --dry-run`: one round, one checkpoint and one evaluation of each stage in a folder of their own
 * on the disk of the runs, with times, sizes and an estimate of the whole run; then the folder is deleted.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { bytes } from '../../core/text/format.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { Stage } from '../../core/training/recipe-stages.ts';
import type { MetricRecord, Run, ValidationReport } from '../../core/training/run.ts';
import type { EngineLocation } from '../engine/location.ts';
import { spawnEngine } from '../engine/spawn.ts';
import { stepsOf } from '../grpo/objective.ts';
import { type ManagerOptions, RunManager } from '../runs/manager.ts';
import { say, warn } from './output.ts';
import { durationText } from './terminal.ts';

/** Held-out videos of the evaluation: enough to time one. */
const EVALUATED = 32;

export interface DryRunOptions {
  readonly runs: string;
  readonly roots: readonly string[];
  readonly cache: string;
  readonly location: EngineLocation;
  /** For tests; by default the engine of the location. */
  readonly manager?: Partial<ManagerOptions>;
}

const roundOf = (stage: Stage) => (stage.objective === 'grpo' ? stage.iterations : 1);

/** The recipe with one round of each stage, then an evaluation and a checkpoint. */
export function shortened(recipe: Recipe): Recipe {
  return {
    ...recipe,
    stages: recipe.stages.map((stage): Stage => {
      const round = roundOf(stage);
      const { videos } = stage.evaluation;
      return {
        ...stage,
        ...(stage.objective !== 'fit' && { steps: round, epochs: null }),
        evaluation: {
          ...stage.evaluation,
          everySteps: round,
          atStart: false,
          atEnd: true,
          videos: Math.min(videos ?? EVALUATED, EVALUATED),
        },
        checkpoints: { everySteps: round, keep: recipe.stages.length },
      };
    }),
  };
}

/** @returns the exit status: 0 where everything went through, else 1 */
export async function dryRun(
  recipe: Recipe,
  report: Pick<ValidationReport, 'sources'>,
  { runs, roots, cache, location, manager: options = {} }: DryRunOptions,
): Promise<number> {
  await mkdir(runs, { recursive: true });
  const home = await mkdtemp(join(runs, '.dry-run-'));
  try {
    const manager = await RunManager.open({
      runs: home,
      roots,
      cache,
      autoResume: false,
      startEngine: (how) => spawnEngine({ ...how, ...location }),
      ...options,
    });
    try {
      const run = await finished(manager, recipe);
      const records = await manager.metrics(run.id);
      const sizes = (await manager.checkpoints(run.id)).map((checkpoint) => checkpoint.bytes);
      for (const line of reportLines(recipe, report, records, sizes)) say(line);
      if (run.state === 'finished') return 0;
      warn(run.reason ? errorMessage(CodedError.fromData(run.reason)) : `the run is ${run.state}`);
      return 1;
    } finally {
      await manager.close();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
    say('Nothing of the dry run was kept but generated clips and decoded frames.');
  }
}

/** The run once it has released the engine. A signal ends it early. */
async function finished(manager: RunManager, recipe: Recipe): Promise<Run> {
  const { id } = await manager.start(shortened(recipe));
  const stop = () => void manager.stop(id).catch(() => {});
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    return await new Promise((resolve) => {
      manager.subscribe(id, ({ event }) => {
        if (event.type === 'log' && (event.line.level === 'info' || event.line.level === 'warning'))
          say(event.line.text);
      });
      const ended = (run: Run) => !['queued', 'starting', 'running'].includes(run.state);
      manager.onChange((run) => run.id === id && ended(run) && resolve(run));
      if (ended(manager.get(id))) resolve(manager.get(id));
    });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
  }
}

const counted = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`;

/** Lines for each stage: the measured round, and the whole stage at this speed. */
export function reportLines(
  recipe: Recipe,
  { sources }: Pick<ValidationReport, 'sources'>,
  records: readonly MetricRecord[],
  checkpoints: readonly number[],
): string[] {
  const videos = (stage: Stage, role: 'train' | 'heldOut') =>
    sources
      .filter((source) => source.role === role && stage[role].includes(source.name))
      .reduce((sum, source) => sum + source.videos, 0);
  let total = 0;
  const lines = recipe.stages.flatMap((stage, index) => {
    const of = records.filter((record) => record.stage === index).map(({ values }) => values);
    if (of.length === 0) return [`${stage.name}: not reached`];
    const sum = (name: string) => of.reduce((all, values) => all + (values[name] ?? 0), 0);
    const [rollout, update, evaluate] = [
      sum('seconds/rollout'),
      sum('seconds/update'),
      sum('seconds/evaluate'),
    ];
    const round = rollout + update + sum('seconds/videos') + sum('seconds/reward');
    const steps = stepsOf(stage, recipe, videos(stage, 'train'));
    const heldOut = Math.min(videos(stage, 'heldOut'), stage.evaluation.videos ?? Number.POSITIVE_INFINITY);
    const evaluated = sum('eval/videos');
    const every = stage.evaluation.everySteps;
    const evaluations =
      every === null || heldOut === 0 ? 0 : Math.floor(steps / every) + Number(stage.evaluation.atStart);
    const each = evaluated > 0 ? (evaluate * heldOut) / evaluated : 0;
    const seconds = (steps / roundOf(stage)) * round + evaluations * each;
    total += seconds;
    const peak = Math.max(0, ...of.map((values) => values['memory/peak_bytes'] ?? 0));
    return [
      `${stage.name}: ${counted(roundOf(stage), 'step')} in ${round.toFixed(1)} s (rollout ${rollout.toFixed(1)}, update ${update.toFixed(1)})` +
        (evaluated > 0 ? `, ${evaluated} videos evaluated in ${evaluate.toFixed(1)} s` : '') +
        (peak > 0 ? `, peak memory of a GPU ${bytes(peak)}` : '') +
        (checkpoints[index] === undefined ? '' : `, checkpoint ${bytes(checkpoints[index])}`),
      `${stage.name}: ${counted(steps, 'step')} and ${counted(evaluations, 'evaluation')} would take ${durationText(seconds)} at this speed; first steps are the slowest`,
    ];
  });
  return recipe.stages.length > 1 ? [...lines, `in all ${durationText(total)}`] : lines;
}
