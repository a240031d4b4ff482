/** The torchrun process of an engine: its arguments, its environment, and its start in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { python as projectPython } from '../../scripts/python.mjs';
import { engineFault } from './client.ts';
import type { EngineOptions } from './spawn.ts';

const TORCH_HOME = join(import.meta.dirname, '..', 'torch');
/** Variables that Python, torch and CUDA may need; the server's secrets are not passed on. */
const INHERITED =
  /^(PATH|HOME|USER|LANG|LC_.*|TMPDIR|TZ|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|NCCL_.*|GLOO_.*|TORCH.*|PYTORCH_.*|OMP_.*|MKL_.*|TRITON_.*|SYSTEMROOT|TEMP|TMP)$/i;

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
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && INHERITED.test(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    PYTHONPATH: TORCH_HOME,
    PYTHONUNBUFFERED: '1',
    ...(options.threads !== undefined && { OMP_NUM_THREADS: String(options.threads) }),
    ...options.environment,
    VQA_CTRL: address,
    VQA_CTRL_TOKEN: token,
  };
}
