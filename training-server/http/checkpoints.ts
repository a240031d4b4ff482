/** Checkpoints that a package can be made of: those of runs, and folders in the official layout below the roots. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { scoreRange } from '../../core/training/recipe-checks.ts';
import type { Checkpoint } from '../../core/training/run.ts';
import type { Roots } from '../data/api.ts';
import { isWithin } from '../data/roots.ts';
import type { Runs } from '../runs/api.ts';
import type { Packages } from './packages.ts';

/** Depth below a root down to which checkpoints are searched, and the most folders that are visited. */
const DEEPEST = 3;
const MOST_FOLDERS = 2000;
/** Folders of installed files, which are not searched. */
const NOT_LOOKED_INTO = new Set(['node_modules', '.venv', '.git', '.scratch', 'dist']);

export interface CheckpointSource {
  /** Real path in the official layout. */
  readonly folder: string;
  readonly name: string;
  readonly createdAt: string;
  readonly bytes: number;
  readonly range: readonly [0 | 1, 5];
}

export class Checkpoints {
  readonly #runs: Runs;
  readonly #roots: Roots;
  readonly #packages: Packages;

  constructor(runs: Runs, roots: Roots, packages: Packages) {
    this.#runs = runs;
    this.#roots = roots;
    this.#packages = packages;
  }

  /** Checkpoints of runs, newest run first, then folders by name. */
  async list(): Promise<Checkpoint[]> {
    const all: Checkpoint[] = [];
    for (const { id } of this.#runs.list()) all.push(...(await this.#ofRun(id)));
    const runFolders = new Set(
      await Promise.all(this.#runs.list().map(({ id }) => real(this.#runs.folder(id)))),
    );
    for (const folder of await this.#folders(runFolders)) {
      const facts = await factsOf(folder);
      const id = this.#nameOf(folder);
      all.push({ ...none, id, ...facts, package: await this.#packages.stateOf(id, facts.createdAt) });
    }
    return all;
  }

  async #ofRun(run: string): Promise<Checkpoint[]> {
    const checkpoints = await this.#runs.checkpoints(run);
    return Promise.all(
      checkpoints.map(async ({ step, best, last, createdAt, bytes, metrics }) => {
        const id = `${run}:${step}`;
        const made = await this.#packages.stateOf(id, createdAt);
        return { id, run, step, best, last, createdAt, bytes, metrics: { ...metrics }, package: made };
      }),
    );
  }

  /** @throws `train/checkpoint-id` {id} */
  async one(id: string): Promise<Checkpoint> {
    const listed = (await this.list()).find((checkpoint) => checkpoint.id === id);
    if (listed === undefined) throw new CodedError('train/checkpoint-id', { id: id.slice(0, 200) });
    return listed;
  }

  /** Folder of a listed checkpoint; an id is looked up in the list and never used as a path. */
  async source(id: string): Promise<CheckpointSource> {
    const { run, step, createdAt, bytes } = await this.one(id);
    if (run === null) {
      const folder = (await this.#folders(new Set())).find((path) => this.#nameOf(path) === id)!;
      return { folder, name: id.split('/').at(-1)!, createdAt, bytes, range: [1, 5] };
    }
    const checkpoint = (await this.#runs.checkpoints(run)).find((one) => one.step === step)!;
    const recipe = await this.#runs.recipe(run);
    const range = scoreRange(recipe)[0] === 0 ? ([0, 5] as const) : ([1, 5] as const);
    return { folder: checkpoint.model, name: `${recipe.name}, step ${step}`, createdAt, bytes, range };
  }

  #nameOf(folder: string): string {
    const root = this.#roots.folders.find((path) => isWithin(path, folder))!;
    return relative(root, folder).replaceAll('\\', '/') || '.';
  }

  /** Folders in the official layout below the roots; symbolic links are not followed. */
  async #folders(skip: ReadonlySet<string>): Promise<string[]> {
    const folders: string[] = [];
    let seen = 0;
    const visit = async (folder: string, depth: number): Promise<void> => {
      if (skip.has(folder) || ++seen > MOST_FOLDERS) return;
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      const names = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
      if (names.has('config.json') && (await isCheckpoint(folder, names))) {
        folders.push(folder);
        return;
      }
      if (depth === 0) return;
      for (const entry of entries)
        if (entry.isDirectory() && !NOT_LOOKED_INTO.has(entry.name))
          await visit(join(folder, entry.name), depth - 1);
    };
    for (const root of this.#roots.folders) await visit(root, DEEPEST);
    return [...new Set(folders)].sort();
  }
}

const none = { run: null, step: null, best: false, last: false, metrics: {} };
const real = (path: string) => realpath(path).catch(() => path);

async function isCheckpoint(folder: string, names: ReadonlySet<string>): Promise<boolean> {
  if (!names.has('model.safetensors') && !names.has('model.safetensors.index.json')) return false;
  try {
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as {
      model_type?: unknown;
    };
    return config.model_type === undefined || config.model_type === 'internvl_chat';
  } catch {
    return false;
  }
}

async function factsOf(folder: string): Promise<{ createdAt: string; bytes: number }> {
  const names = await readdir(folder);
  const facts = await Promise.all(names.map((name) => stat(join(folder, name))));
  const files = facts.filter((fact) => fact.isFile());
  return {
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    createdAt: new Date(Math.max(...files.map(({ mtimeMs }) => mtimeMs))).toISOString(),
  };
}
