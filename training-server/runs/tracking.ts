/**
 * Metrics of a run sent to experiment trackers (`reportTo` of the recipe; TRL: report_to) by the trackers' own Python
 * libraries, each in a process of its own, which has that tracker's variables and no other secret. A tracker that ends or
 * lags behind costs its own metrics only: the run's files are complete without it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { MetricRecord } from '../../core/training/run.ts';
import { python as projectPython, pythonEnvironment } from '../../scripts/python.mjs';

export type TrackerName = Recipe['reportTo'][number];

/** Variables of a library, beside those of every Python child: its own and those of a proxy. */
const VARIABLES: Readonly<Record<TrackerName, RegExp>> = {
  wandb: /^(WANDB_.*|NETRC|https?_proxy|no_proxy|SSL_CERT_.*|REQUESTS_CA_BUNDLE)$/i,
  trackio: /^(TRACKIO_.*|HF_.*|https?_proxy|no_proxy|SSL_CERT_.*|REQUESTS_CA_BUNDLE)$/i,
};

/** Timeout of the opening of a run, which may wait for a server far away. */
const OPEN_MS = 120_000;
/** Timeout of its end, in which the last metrics are sent. */
const FINISH_MS = 120_000;
/** Unsent bytes from which on records are left out, since the library does not read them. */
const MOST_UNSENT = 8 << 20;

const home = join(import.meta.dirname, '..', 'torch');
const replySchema = z.union([
  z.strictObject({ missing: z.string() }),
  z.strictObject({ error: z.string() }),
  z.strictObject({}),
]);

export interface TrackedRun {
  readonly id: string;
  readonly folder: string;
  readonly recipe: Recipe;
}

export interface TrackingOptions {
  readonly python?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly warn: (text: string) => void;
}

/** The open runs of all trackers of a recipe. */
export class Tracking {
  readonly #trackers: readonly Tracker[];

  private constructor(trackers: readonly Tracker[]) {
    this.#trackers = trackers;
  }

  /** @throws CodedError `train/tracker` {tracker, problem} where a library is missing or refuses */
  static async open(run: TrackedRun, options: TrackingOptions): Promise<Tracking> {
    const trackers = run.recipe.reportTo.map((name) => new Tracker(name, run, options));
    try {
      for (const tracker of trackers) await tracker.opened();
    } catch (error) {
      for (const tracker of trackers) tracker.kill();
      throw error;
    }
    return new Tracking(trackers);
  }

  metrics(record: MetricRecord): void {
    for (const tracker of this.#trackers) tracker.send({ step: record.step, values: record.values });
  }

  /** Resolves when the last metrics are sent, or given up. */
  async finish(): Promise<void> {
    await Promise.all(this.#trackers.map((tracker) => tracker.finish()));
  }
}

class Tracker {
  readonly #name: TrackerName;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #reply: Promise<string | null>;
  readonly #warn: (text: string) => void;
  #stderr = '';
  #ended = false;
  #isFinishing = false;
  #dropped = 0;

  constructor(name: TrackerName, { id, folder, recipe }: TrackedRun, options: TrackingOptions) {
    const { python = projectPython, environment = process.env, warn } = options;
    this.#name = name;
    this.#warn = warn;
    this.#child = spawn(python, ['-m', 'engine.tracking', name], {
      cwd: home,
      env: { ...pythonEnvironment(), ...variablesOf(name, environment) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    this.#child.stdin!.on('error', () => {}); // it has ended, which `close` tells
    const lines = createInterface({ input: this.#child.stdout! });
    this.#reply = new Promise((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(null));
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', () => resolve(null));
      this.#child.once('close', resolve);
    });
    void this.#exited.then((status) => {
      this.#ended = true;
      if (!this.#isFinishing) this.#warn(`${name} ended (status ${status}): ${this.#reason()}`);
    });
    const project = environment[`${name.toUpperCase()}_PROJECT`] ?? 'vqathinker';
    this.send({ project, id, name: recipe.name, folder, config: recipe });
  }

  /** @throws CodedError `train/tracker` */
  async opened(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, OPEN_MS, undefined);
    });
    const line = await Promise.race([this.#reply, late]);
    clearTimeout(timer);
    const parsed = z.string().transform(jsonOf).pipe(replySchema).safeParse(line);
    if (parsed.success && !('missing' in parsed.data) && !('error' in parsed.data)) return;
    this.#isFinishing = true;
    const problem = !parsed.success
      ? line === undefined
        ? `no answer in ${OPEN_MS / 1000} s`
        : this.#reason()
      : 'missing' in parsed.data
        ? `${parsed.data.missing}; pip install ${this.#name} into .venv`
        : 'error' in parsed.data
          ? parsed.data.error
          : this.#reason();
    throw new CodedError('train/tracker', { tracker: this.#name, problem });
  }

  send(value: unknown): void {
    const stdin = this.#child.stdin!;
    if (this.#ended || stdin.writableEnded) return;
    if (stdin.writableLength > MOST_UNSENT) {
      this.#dropped += 1;
      if (this.#dropped === 1)
        this.#warn(`${this.#name} does not keep up: metrics are left out there, not in the run's files`);
      return;
    }
    stdin.write(`${JSON.stringify(value)}\n`);
  }

  async finish(): Promise<void> {
    if (this.#ended) return;
    this.#isFinishing = true;
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.kill(), FINISH_MS);
    const status = await this.#exited;
    clearTimeout(timer);
    if (status !== 0)
      this.#warn(`${this.#name} has not finished the run (status ${status}): ${this.#reason()}`);
  }

  kill(): void {
    this.#isFinishing = true;
    this.#child.kill('SIGKILL');
  }

  #reason(): string {
    return this.#stderr.trim().split('\n').at(-1) || 'it gave no reason';
  }
}

function variablesOf(name: TrackerName, environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) =>
      value !== undefined && VARIABLES[name].test(key) ? [[key, value]] : [],
    ),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
