/** The torchrun process of an engine: its arguments, its environment, and its start in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { python as projectPython, pythonEnvironment } from '../../scripts/python.mjs';
import { engineFault } from './client.ts';

export interface EngineOptions {
  /** Folder for the engine's output, `engine.log` and `ranks/`; created if it does not exist. */
  readonly logs: string;
  /** File in which the process groups are recorded for `reapOrphans`; removed when the engine has ended. */
  readonly record: string;
  /** Processes on this machine, one a GPU. */
  readonly ranks?: number;
  /** Threads of a rank; with 1, runs on a CPU repeat bit for bit. Default: PyTorch's. */
  readonly threads?: number;
  /** Further arguments of torchrun, e.g. `['--nnodes=2', '--rdzv-backend=c10d', '--rdzv-endpoint=host:29400']`. */
  readonly torchrun?: readonly string[];
  /** Listens on this address instead of a Unix socket, for a rank 0 on another machine. */
  readonly tcp?: { readonly host: string; readonly port: number };
  /** With `tcp`: starts nothing and waits without limit for a remote engine with this token. */
  readonly remote?: { readonly token: string };
  /** Times that torchrun restarts the ranks after one has died. */
  readonly restarts?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly python?: string;
  /** Aborts the start; a started engine is ended by `stop`. */
  readonly signal?: AbortSignal;
  /** Seconds from the start to the first `hello`. */
  readonly patience?: number;
  /** Seconds without a heartbeat after which the engine has failed. */
  readonly silence?: number;
}

const TORCH_HOME = join(import.meta.dirname, '..', 'torch');
/** Address and token that the engine connects with, and the mark on the command lines of its processes. */
export interface Introduction {
  readonly address: string;
  readonly token: string;
  readonly mark: string;
}

export interface Torchrun {
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
}

/** @throws EngineError `train/engine` where Python does not start */
export async function startTorchrun(options: EngineOptions, introduction: Introduction): Promise<Torchrun> {
  const { logs, python = projectPython } = options;
  const log = await open(join(logs, 'engine.log'), 'a');
  try {
    const child = spawn(python, argumentsOf(options, introduction.mark), {
      cwd: TORCH_HOME,
      env: environmentOf(options, introduction),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(engineFault(`${python} does not start`, undefined, error)));
    });
    return { child, exited };
  } finally {
    await log.close();
  }
}

function argumentsOf(
  { logs, ranks = 1, restarts = 0, torchrun = [] }: EngineOptions,
  mark: string,
): string[] {
  return [
    '-m',
    'torch.distributed.run',
    `--nproc-per-node=${ranks}`,
    `--max-restarts=${restarts}`,
    ...(torchrun.length > 0 ? torchrun : ['--standalone', '--nnodes=1']),
    `--log-dir=${join(logs, 'ranks')}`,
    '--redirects=3',
    '--tee=3',
    '--module',
    'engine',
    `--mark=${mark}`,
  ];
}

function environmentOf(options: EngineOptions, { address, token }: Introduction): Record<string, string> {
  return {
    ...pythonEnvironment(),
    PYTHONPATH: TORCH_HOME,
    PYTHONUNBUFFERED: '1',
    ...(options.threads !== undefined && { OMP_NUM_THREADS: String(options.threads) }),
    ...options.environment,
    VQA_CTRL: address,
    VQA_CTRL_TOKEN: token,
  };
}
