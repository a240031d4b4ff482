/** Processes that score files side by side: each has its decoder and its model, and one that dies costs one file. */
import { type ChildProcess, fork } from 'node:child_process';
import type { CodedErrorData } from '../../core/errors.ts';
import type { Row } from '../node/rows.ts';

export interface Job {
  readonly path: string;
  readonly every: number;
  readonly people: boolean;
  readonly strict: boolean;
}

/** Messages to a process and from it. */
export type ToProcess = { readonly kind: 'score'; readonly job: Job };
export type FromProcess =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: CodedErrorData }
  | { readonly kind: 'row'; readonly row: Row };

export interface PoolOptions {
  /** Module that the processes run, with its arguments. */
  readonly module: string;
  readonly args: readonly string[];
  readonly size: number;
  readonly onRow: (row: Row) => void;
  readonly signal: AbortSignal;
}

/** A model or decoder that no process can load: exit status 4. */
export class PlatformError extends Error {
  readonly data: CodedErrorData;

  constructor(data: CodedErrorData) {
    super(data.message);
    this.data = data;
  }
}

/**
 * Scores the jobs; rows arrive in the order in which they are done.
 *
 * @throws PlatformError where a process cannot load the model; the signal's reason
 */
export async function scoreAll(jobs: readonly Job[], options: PoolOptions): Promise<void> {
  const queue = [...jobs];
  const run = async () => {
    for (let job = queue.shift(); job; ) job = await inProcess(job, queue, options);
  };
  await Promise.all(Array.from({ length: Math.min(options.size, jobs.length) }, run));
}

/** Runs jobs in one process until the queue is empty; returns the next job where the process died. */
function inProcess(first: Job, queue: Job[], options: PoolOptions): Promise<Job | undefined> {
  const { module, args, onRow, signal } = options;
  const child: ChildProcess = fork(module, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const { promise, resolve, reject } = Promise.withResolvers<Job | undefined>();
  let job: Job | undefined = first;
  const stop = () => child.kill();
  signal.addEventListener('abort', stop);
  child.on('message', (message: FromProcess) => {
    if (message.kind === 'failed') return reject(new PlatformError(message.error));
    if (message.kind === 'row') {
      onRow(message.row);
      job = queue.shift();
    }
    if (job) child.send({ kind: 'score', job } satisfies ToProcess);
    else child.disconnect();
  });
  child.on('error', reject);
  child.on('exit', (status, killer) => {
    signal.removeEventListener('abort', stop);
    if (signal.aborted) return reject(signal.reason);
    if (!job) return resolve(undefined);
    const reason = killer ?? `status ${status}`;
    onRow({
      path: job.path,
      error: {
        code: 'command/crashed',
        params: { reason },
        message: `The process that scored it ended (${reason}).`,
      },
    });
    resolve(queue.shift());
  });
  return promise.finally(() => child.kill());
}
