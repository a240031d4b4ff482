/**
 * `npm run train -- recipes/NAME.json [--runs DIR] [--root DIR]… [--cache DIR]`, or `--resume ID [--lr-factor X]`, or
 * `--list`. Runs one recipe in this terminal; Ctrl-C saves and exits, a second one exits at once.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { Run, ValidationReport } from '../../core/training/run.ts';
import { openRoots } from '../data/api.ts';
import { type EngineLocation, engineLocation, locationFlags, locationUsage } from '../engine/location.ts';
import { spawnEngine } from '../engine/spawn.ts';
import { VideoProbe } from '../http/video-probe.ts';
import { readMachine } from '../preflight/machine.ts';
import { PROBE_MS, validateRecipe } from '../preflight/validate.ts';
import { recipeFromFile, recipeSha256 } from '../recipes/recipe-files.ts';
import { RunManager } from '../runs/manager.ts';
import { dryRun } from './dry-run.ts';
import { say, sayText, warn, warnUnreadable } from './output.ts';
import { eventLine, StepTimes, stateLine } from './terminal.ts';

const project = join(import.meta.dirname, '..', '..');
const usage = `npm run train -- recipes/NAME.json     start a run
npm run train -- --resume ID           resume a run from its last checkpoint
npm run train -- --list                list the runs

  --dry-run        one step, one checkpoint and one evaluation of each stage, with their times and sizes; then deletes them
  --continue       resumes the last unfinished run of this very recipe where there is one; else starts one
  --runs DIR       folder of the runs (default .cache/runs)
  --root DIR       folder that data and checkpoints may lie in; repeatable (default: the current folder)
  --cache DIR      folder for decoded frames and procedural clips (default .cache/training)
  --lr-factor X    with --resume: multiplies the learning rate
  --step N         with --resume: starts from this checkpoint and deletes later ones
${locationUsage}

Exit status: 0 finished or paused on request, 1 failed or refused, 2 usage, 74 paused because the disk is full,
75 saved and paused on SIGUSR1 or SIGUSR2, which a batch system sends before it ends a job: run the command again.`;

/** EX_IOERR of sysexits.h: a batch system must not take a full disk for a finished job. */
const DISK_FULL_STATUS = 74;
/** EX_TEMPFAIL: the job is not done, and goes on when it is run again. */
const AGAIN_STATUS = 75;
/** Left-out rows of a source that are printed; the report has all. */
const MOST_ROWS = 50;
/** Signals within this time are one: a batch system sends them to npm, to its script and to this process. */
const ONE_SIGNAL_MS = 2000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    resume: { type: 'string' },
    list: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
    continue: { type: 'boolean', default: false },
    runs: { type: 'string', default: join(project, '.cache', 'runs') },
    root: { type: 'string', multiple: true, default: [process.cwd()] },
    cache: { type: 'string', default: join(project, '.cache', 'training') },
    'lr-factor': { type: 'string' },
    step: { type: 'string' },
    ...locationFlags,
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const [file] = positionals;
  if (values.help || (!file && !values.resume && !values.list)) {
    sayText(usage);
    return values.help ? 0 : 2;
  }
  // Read before any file is opened or written.
  const recipe = file ? await recipeFromFile(file) : null;
  const { runs, root: roots, cache } = values;
  const location = engineLocation(values, process.env);
  if (recipe !== null) {
    const report = await canRun(recipe, location);
    if (!report.ok) return 1;
    if (values['dry-run']) return dryRun(recipe, report, { runs, roots, cache, location });
  }
  const manager = await RunManager.open({
    runs,
    roots,
    cache,
    autoResume: false,
    startEngine: (how) => spawnEngine({ ...how, ...location }),
    onUnreadable: warnUnreadable,
  });
  try {
    return await work(manager, recipe);
  } finally {
    await manager.close();
  }
}

/** Validates recipe, data and machine and prints the faults. */
async function canRun(recipe: Recipe, { remote }: EngineLocation): Promise<ValidationReport> {
  const videoProbe = new VideoProbe();
  try {
    const { report } = await validateRecipe(async () => recipe, {
      roots: await openRoots(values.root),
      machine: remote === undefined ? readMachine : async () => null,
      load: { probe: videoProbe.probe, probeMs: PROBE_MS, cache: values.cache, draw: false },
    });
    for (const fault of [...report.warnings, ...report.errors])
      warn(errorMessage(CodedError.fromData(fault)));
    for (const { leftOut } of report.sources) {
      for (const row of leftOut.slice(0, MOST_ROWS)) warn(`  ${row}`);
      if (leftOut.length > MOST_ROWS) warn(`  and ${leftOut.length - MOST_ROWS} more`);
    }
    return report;
  } finally {
    videoProbe.close();
  }
}

async function work(manager: RunManager, recipe: Recipe | null): Promise<number> {
  if (values.list) {
    for (const run of manager.list()) say(stateLine(run));
    return 0;
  }
  const signals = new Signals();
  const run = await begin(manager, recipe);
  say(run.id);
  say(manager.folder(run.id));
  say(`recipe ${run.recipe} ${run.recipeSha256}`);
  const { ended, again } = await watch(manager, run.id, signals);
  if (ended !== 'finished') say(`npm run train -- --resume ${run.id}`);
  if (manager.get(run.id).reason?.code === 'train/disk') return DISK_FULL_STATUS;
  if (again && ended === 'paused') return AGAIN_STATUS;
  return ended === 'finished' || ended === 'paused' ? 0 : 1;
}

/** A new run, or a resumed one. */
function begin(manager: RunManager, recipe: Recipe | null): Promise<Run> {
  if (recipe === null) return manager.resume(values.resume!, resumeOptions());
  const sha256 = recipeSha256(recipe);
  const unfinished = manager
    .list()
    .find((run) => run.recipeSha256 === sha256 && ['paused', 'stopped', 'failed'].includes(run.state));
  return values.continue && unfinished ? manager.resume(unfinished.id) : manager.start(recipe);
}

function resumeOptions() {
  const number = (name: 'lr-factor' | 'step') => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0)
      throw new CodedError('train/recipe', { field: `--${name}`, problem: 'must be a number' });
    return value;
  };
  const [step, lrFactor] = [number('step'), number('lr-factor')];
  return { ...(step !== undefined && { step }), ...(lrFactor !== undefined && { lrFactor }) };
}

/** Signals of this process; one that comes before its handler is there waits for it. */
class Signals {
  #handler: ((signal: NodeJS.Signals) => void) | null = null;
  readonly #early: NodeJS.Signals[] = [];

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const)
      process.on(signal, () => (this.#handler ? this.#handler(signal) : this.#early.push(signal)));
  }

  handle(handler: (signal: NodeJS.Signals) => void): void {
    this.#handler = handler;
    for (const signal of this.#early.splice(0)) handler(signal);
  }
}

interface Ended {
  readonly ended: Run['state'];
  /** A batch system asked for the end: the run is to go on when the command runs again. */
  readonly again: boolean;
}

/** Prints the events of a run until it releases the engine. */
function watch(manager: RunManager, id: string, signals: Signals): Promise<Ended> {
  return new Promise((resolve) => {
    let again = false;
    let firstAt: number | null = null;
    const onSignal = (signal: NodeJS.Signals) => {
      const byBatch = signal === 'SIGUSR1' || signal === 'SIGUSR2';
      again ||= byBatch;
      if (firstAt === null) {
        firstAt = performance.now();
        say(
          `${signal}: finishing and saving the step; ${byBatch ? 'run again to go on' : 'repeat to exit at once'}`,
        );
        void manager.pause(id).catch(() => {});
      } else if (!byBatch && performance.now() - firstAt > ONE_SIGNAL_MS) void manager.abort();
    };
    signals.handle(onSignal);
    const times = new StepTimes();
    manager.subscribe(id, ({ event }) => {
      const line = eventLine(event, manager.get(id).steps, times);
      if (line !== null) say(line);
    });
    let state = manager.get(id).state;
    manager.onChange((run) => {
      if (run.id !== id) return;
      if (run.state !== state) say(stateLine(run));
      state = run.state;
      if (!['queued', 'starting', 'running'].includes(state)) resolve({ ended: state, again });
    });
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  warn(errorMessage(error));
  process.exitCode = 1;
}
