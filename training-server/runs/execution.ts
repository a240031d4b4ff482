/** Execution of one run by its driver, from the start of the engine to the state that the run ends in. */
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Run } from '../../core/training/run.ts';
import type { Roots } from '../data/api.ts';
import type { LoadStages } from '../data/stage-data.ts';
import type { Engine } from '../engine/client.ts';
import { reapOrphans } from '../engine/processes.ts';
import type { EngineOptions } from '../engine/torchrun.ts';
import type { SourceOf } from '../grpo/completion-source.ts';
import { Driver, type DriverPorts } from '../grpo/driver.ts';
import { endOf } from './endings.ts';
import type { RunEntry } from './run-entry.ts';
import type { Tracking } from './tracking.ts';

/** Times that torchrun may restart the ranks of a stage before the run fails. */
const RANK_RESTARTS = 3;

export interface Environment {
  readonly roots: Roots;
  /** Folder for decoded frames and procedural clips. */
  readonly cache: string;
  startEngine(options: EngineOptions): Promise<Engine>;
  readonly loadData: LoadStages;
  readonly openTracking: typeof Tracking.open;
  readonly sourceOf: SourceOf;
  /** True once the manager closes: the run pauses, and resumes with the next server of the root. */
  isClosing(): boolean;
}

type Ending = Pick<Run, 'state' | 'reason'>;

/** Resolves when the run has left the engine and its end is written; never rejects for a fault of the run. */
export async function execute(entry: RunEntry, environment: Environment): Promise<void> {
  entry.startClock();
  entry.requestedState = null;
  entry.update({ state: 'starting', reason: null });
  const ending = await drive(entry, environment);
  entry.stopClock();
  entry.driver = null;
  const metadata = await entry.folder.readMetadata().catch(() => ({ lrFactor: 1 }));
  const autoResume = environment.isClosing() && ending.state === 'paused';
  await entry.folder.writeMetadata({ ...metadata, autoResume }).catch(() => {});
  entry.update(ending);
  await entry.flush();
}

async function drive(entry: RunEntry, environment: Environment): Promise<Ending> {
  const { folder, log } = entry;
  let tracking: Tracking | null = null;
  try {
    const recipe = await folder.readRecipe();
    const { lrFactor } = await folder.readMetadata();
    tracking = await environment.openTracking(
      { id: entry.run.id, folder: folder.path, recipe },
      { warn: (text) => log.write('warning', 'driver', text) },
    );
    const driver = new Driver(folder, recipe, lrFactor, portsOf(entry, environment, tracking));
    entry.driver = driver;
    if (environment.isClosing() || entry.requestedState) driver.requestStop();
    const outcome = await driver.run();
    if (outcome === 'finished') return { state: 'finished', reason: null };
    if (entry.requestedState) return { state: entry.requestedState, reason: null };
    return { state: 'paused', reason: interruption(driver.savedStep) };
  } catch (error) {
    const requested = entry.requestedState ?? (environment.isClosing() ? 'paused' : null);
    const ending = endOf(error, entry.driver, requested);
    const { trace, stack } = error as { trace?: string; stack?: string };
    if (ending.reason)
      log.write('error', 'driver', `${ending.reason.message}\n${trace ?? stack ?? ''}`.trimEnd());
    return ending;
  } finally {
    await tracking?.finish();
  }
}

function portsOf(
  entry: RunEntry,
  { roots, cache, startEngine, loadData, sourceOf }: Environment,
  tracking: Tracking,
): DriverPorts {
  const { folder, events, log } = entry;
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
    loadData: (recipe, options) => loadData(recipe, roots, cache, options),
    resolveCheckpoint: (path) => roots.resolve(path, 'model.checkpoint'),
    emit: (event) => {
      events.emit(event);
      if (event.type === 'metrics') tracking.metrics(event.record);
    },
    log: (level, text, source = 'driver') => log.write(level, source, text),
    onProgress: (progress) =>
      entry.update({ state: entry.requestedState ? entry.run.state : 'running', ...progress }),
    now: () => Date.now() / 1000,
    pixelCache: join(cache, 'pixels'),
    sourceOf,
  };
}

/** Reason of a run whose process ended before it. */
export function interruption(savedStep: number | null): NonNullable<Run['reason']> {
  const params = { step: savedStep ?? 0 };
  return new CodedError('train/interrupted', params, 'the process of the run ended').toData();
}
