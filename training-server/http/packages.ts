/** Model packages of checkpoints, converted in worker threads, one at a time because a conversion uses all cores. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CodedError, type CodedErrorData } from '../../core/errors.ts';
import { type Manifest, readManifest } from '../../core/files/manifest.ts';
import type { Checkpoint } from '../../core/training/run.ts';
import type { PackagingMessage, PackagingOrder } from './packaging-worker.ts';

export interface PackageRequest {
  /** Of the checkpoint, `RUN:STEP` or a path below a root. */
  readonly checkpoint: string;
  /** Real path of its folder in the official layout. */
  readonly folder: string;
  readonly createdAt: string;
  readonly name: string;
  /** As `npm run convert -- --variants` takes it. */
  readonly variants: string;
  /** Of the scores that the model writes. */
  readonly range: readonly [0 | 1, 5];
}

interface Making {
  state: 'making' | 'failed';
  /** Share of the work, 0–1. */
  done: number;
  error?: CodedErrorData;
}

/** Id of a checkpoint's package: letters, digits and hyphens, and a hash that keeps similar names apart. */
export function packageId(checkpoint: string): string {
  const plain = checkpoint
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 80);
  return `${plain || 'package'}-${createHash('sha256').update(checkpoint).digest('hex').slice(0, 8)}`;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export class Packages {
  readonly #home: string;
  readonly #making = new Map<string, Making>();
  readonly #workers = new Set<Worker>();
  #queue: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param home folder of the packages, created with the first one */
  constructor(home: string) {
    this.#home = home;
  }

  /**
   * Deletes unfinished packages of processes that have ended, by the process id in their names. Those of a running process
   * remain, since two servers may share a cache.
   */
  async tidy(): Promise<void> {
    for (const name of await readdir(this.#home).catch(() => [])) {
      const pid = /\.partial-[0-9a-f]+-(\d+)$/.exec(name)?.[1];
      if (pid !== undefined && !isRunning(Number(pid)))
        await rm(join(this.#home, name), { recursive: true, force: true });
    }
  }

  folder(id: string): string {
    return join(this.#home, id);
  }

  /** State of a checkpoint's package; null where there is none, or where it is older than the checkpoint. */
  async stateOf(checkpoint: string, createdAt: string): Promise<Checkpoint['package']> {
    const id = packageId(checkpoint);
    const making = this.#making.get(id);
    if (making?.state === 'making') return { id, state: 'making', done: making.done };
    const made = await stat(join(this.folder(id), 'manifest.json')).catch(() => null);
    if (made !== null && made.mtimeMs >= Date.parse(createdAt)) return { id, state: 'ready', done: 1 };
    if (making === undefined) return null;
    return { id, state: 'failed', done: making.done, ...(making.error && { error: making.error }) };
  }

  /** Queues a package unless it is being made or ready. */
  async make(request: PackageRequest): Promise<void> {
    if (this.#closed) throw new CodedError('train/closing');
    const state = await this.stateOf(request.checkpoint, request.createdAt);
    if (state !== null && state.state !== 'failed') return;
    const id = packageId(request.checkpoint);
    const making: Making = { state: 'making', done: 0 };
    this.#making.set(id, making);
    this.#queue = this.#queue.then(() => this.#run(id, request, making));
  }

  async #run(id: string, { folder, name, variants, range }: PackageRequest, making: Making): Promise<void> {
    try {
      if (this.#closed) throw new CodedError('train/closing');
      await mkdir(this.#home, { recursive: true });
      const order: PackagingOrder = { checkpoint: folder, target: this.folder(id), name, variants, range };
      await this.#work(order, (done) => {
        making.done = done;
      });
      this.#making.delete(id);
    } catch (error) {
      making.state = 'failed';
      making.error = (
        error instanceof CodedError ? error : new CodedError('app/unexpected', { detail: String(error) })
      ).toData();
    }
  }

  #work(order: PackagingOrder, onProgress: (done: number) => void): Promise<void> {
    return new Promise((done, fail) => {
      const worker = new Worker(new URL('./packaging-worker.ts', import.meta.url), { workerData: order });
      this.#workers.add(worker);
      worker.on('message', (message: PackagingMessage) => {
        if ('done' in message) onProgress(message.done);
        else if ('error' in message) fail(CodedError.fromData(message.error));
        else done();
      });
      worker.on('error', fail);
      worker.on('exit', () => {
        this.#workers.delete(worker);
        fail(new CodedError('app/unexpected', { detail: 'the converting thread ended' }));
      });
    });
  }

  /** The manifest of a finished package. @throws `train/package` {id} */
  async manifest(id: string): Promise<Manifest> {
    const absent = new CodedError('train/package', { id: id.slice(0, 100) });
    if (!/^[a-z0-9-]{1,100}$/.test(id)) throw absent;
    const text = await readFile(join(this.folder(id), 'manifest.json'), 'utf8').catch(() => {
      throw absent;
    });
    return readManifest(JSON.parse(text));
  }

  /** Cancels the present conversion; an unfinished package never has the final name. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const worker of this.#workers) worker.postMessage('stop');
    await this.#queue;
  }
}
