/**
 * Overhead of the driver: a real run of a few steps with the real engine, and for each step the time in which the engine
 * computed nothing. That time is the socket with the JSON of both sides, and the work of the driver: draws, rewards, advantages,
 * records on disk.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CodedError } from '../../core/errors.ts';
import { python } from '../../scripts/python.mjs';
import type { CallOptions, Engine } from '../engine/client.ts';
import type { Method, Params, Result } from '../engine/protocol.ts';
import { spawnEngine } from '../engine/spawn.ts';
import { recipeFrom } from '../recipes/recipe-files.ts';
import type { Runs } from '../runs/api.ts';
import { RunManager } from '../runs/manager.ts';

const project = join(import.meta.dirname, '..', '..');
const home = join(project, 'training-server', 'torch');

export interface OverheadOptions {
  /** Shape of the random checkpoint, one of `npm run make-checkpoint`. */
  readonly shape: string;
  readonly device: 'cpu' | 'cuda';
  readonly videos: number;
  /** Measured steps, after one that is not measured. */
  readonly steps: number;
  readonly maxCompletionLength: number;
}

/** Milliseconds of one step. */
export interface StepOverhead {
  readonly step: number;
  /** From the end of the step before to the end of this one. */
  readonly wall: number;
  /** Time in calls without the engine's computation: socket, JSON on both sides, waiting for a thread. */
  readonly socket: number;
  /** Time outside calls: draws, rewards, advantages, records. */
  readonly driver: number;
}

interface Call {
  readonly begin: number;
  readonly end: number;
  /** Milliseconds of computation that the engine reports; the whole call where it reports none. */
  readonly computed: number;
}

/** An engine with timed calls. */
class TimedEngine implements Engine {
  readonly #engine: Engine;
  readonly #calls: Call[];

  constructor(engine: Engine, calls: Call[]) {
    this.#engine = engine;
    this.#calls = calls;
  }

  get hello() {
    return this.#engine.hello;
  }
  get closed() {
    return this.#engine.closed;
  }
  on: Engine['on'] = (notice, listener) => this.#engine.on(notice, listener);
  stop = () => this.#engine.stop();
  restarted = () => this.#engine.restarted();

  async call<M extends Method>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>> {
    const begin = performance.now();
    const result = await this.#engine.call(method, params, options);
    const end = performance.now();
    const { seconds } = result as { seconds?: Readonly<Record<string, number>> | number };
    const total = typeof seconds === 'object' ? seconds.total : undefined;
    this.#calls.push({ begin, end, computed: total === undefined ? end - begin : 1000 * total });
    return result;
  }
}

/** Milliseconds within [from, to] in which at least one call was open. */
export function openTime(calls: readonly Pick<Call, 'begin' | 'end'>[], from: number, to: number): number {
  let sum = 0;
  let reached = from;
  for (const { begin, end } of [...calls].sort((a, b) => a.begin - b.begin)) {
    const start = Math.max(begin, reached);
    const stop = Math.min(end, to);
    if (stop > start) {
      sum += stop - start;
      reached = stop;
    }
  }
  return sum;
}

function overheadOf(step: number, calls: readonly Call[], from: number, to: number): StepOverhead {
  const stepCalls = calls.filter(({ end }) => end > from && end <= to);
  const socket = stepCalls.reduce(
    (sum, { begin, end, computed }) => sum + Math.max(0, end - begin - computed),
    0,
  );
  return { step, wall: to - from, socket, driver: to - from - openTime(stepCalls, from, to) };
}

async function checkpointOf(shape: string): Promise<string> {
  const folder = join(project, '.cache', 'bench', shape);
  const there = await stat(join(folder, 'config.json')).catch(() => null);
  if (there === null) {
    await mkdir(join(project, '.cache', 'bench'), { recursive: true });
    await promisify(execFile)(python, ['-m', 'engine.make_checkpoint', folder, '--shape', shape], {
      cwd: home,
    });
  }
  return folder;
}

/** Random weights generate up to the limit, like the longest completions of a trained model. */
function recipeOf(
  { device, videos, steps, maxCompletionLength: maxTokens }: OverheadOptions,
  checkpoint: string,
): object {
  return {
    name: 'bench',
    model: { checkpoint },
    engine: {
      device,
      precision: device === 'cuda' ? 'bf16' : 'fp32',
      lora: null,
      gradientCheckpointing: device === 'cuda',
      decodeWorkers: 1,
      pixelCacheGB: 1,
    },
    rules: { videosPerStep: videos, labels: 'rescaled1to5' },
    sources: { clips: { kind: 'procedural', split: 'train', groups: Math.ceil(videos / 4) } },
    stages: [
      {
        name: 'grpo',
        objective: 'grpo',
        train: ['clips'],
        steps: steps + 1,
        k: 4,
        maxTokens,
        checkpoints: { everySteps: 1000, keep: 1 },
        evaluation: { everySteps: null },
        guards: { maxKl: null },
      },
    ],
  };
}

/** @throws CodedError the reason of a run that did not finish */
export async function measureOverhead(options: OverheadOptions): Promise<StepOverhead[]> {
  const checkpoint = await checkpointOf(options.shape);
  const recipe = await recipeFrom(recipeOf(options, checkpoint));
  const cache = join(project, '.cache', 'training');
  const runs = await mkdtemp(join(project, '.cache', 'bench', 'runs-'));
  const calls: Call[] = [];
  try {
    const manager = await RunManager.open({
      runs,
      cache,
      roots: [join(project, '.cache')],
      startEngine: async (how) => new TimedEngine(await spawnEngine(how), calls),
    });
    try {
      const ends = await stepsOf(manager, (await manager.start(recipe)).id);
      return ends.slice(1).map((end, i) => overheadOf(i + 2, calls, ends[i]!, end));
    } finally {
      await manager.close();
    }
  } finally {
    await rm(runs, { recursive: true, force: true });
  }
}

/** End time of each step, by this process's clock. */
function stepsOf(runs: Runs, id: string): Promise<number[]> {
  const ends: number[] = [];
  return new Promise((done, fail) => {
    runs.subscribe(id, ({ event }) => {
      if (event.type === 'metrics') ends.push(performance.now());
      if (event.type !== 'run') return;
      const { state, reason } = event.run;
      if (state === 'finished') done(ends);
      else if (reason !== null) fail(CodedError.fromData(reason));
    });
  });
}
