/**
 * Starts an engine: `python -m torch.distributed.run … -m engine` under the project's own Python, argv only, in a process
 * group of its own. It calls back over a Unix socket in a private folder, or over TCP for ranks on other machines. An
 * engine that is started elsewhere, on a cluster say, is waited for instead.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { python as projectPython } from '../../scripts/python.mjs';
import {
  type CallOptions,
  type Engine,
  EngineConnection,
  type EngineError,
  engineFault,
  type Hello,
  type Notice,
  type NoticeOf,
  refusal,
} from './client.ts';
import { crashOf } from './crash.ts';
import { killGroups, type ProcessRecord, signalGroup, writeRecord } from './processes.ts';
import { type Method, notifications, type Params, type Result } from './protocol.ts';

export interface EngineOptions {
  /** Folder for the engine's output, `engine.log` and `ranks/`; made if need be. Nothing in it is parsed. */
  readonly logs: string;
  /** File in which the process groups are recorded for `reapOrphans`; removed when the engine has ended. */
  readonly record: string;
  /** Processes on this machine, one a GPU. */
  readonly ranks?: number;
  /** Threads a rank computes with; 1 makes runs on a CPU repeat bit for bit. Default: what PyTorch takes. */
  readonly threads?: number;
  /** Further arguments of torchrun, e.g. `['--nnodes=2', '--rdzv-backend=c10d', '--rdzv-endpoint=host:29400']`. */
  readonly torchrun?: readonly string[];
  /** Where rank 0 may be on another machine: listens on this address instead of a Unix socket. */
  readonly tcp?: { readonly host: string; readonly port: number };
  /** With `tcp`: nothing is started here; waits for as long as need be for an engine that knows this token. */
  readonly remote?: { readonly token: string };
  /** Times that torchrun restarts the ranks after one has died. */
  readonly restarts?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly python?: string;
  /** Ends the start; afterwards `stop` does. */
  readonly signal?: AbortSignal;
  /** Seconds from the start to the first `hello`. */
  readonly patience?: number;
  /** Seconds without any heartbeat after which the engine is taken for dead. */
  readonly silence?: number;
}

/** Longest time from the error that a rank tells to the end of its process. */
const ENDING_MS = 2000;

const TORCH_HOME = join(import.meta.dirname, '..', 'torch');
/** Of the environment, what Python, torch and CUDA may need; secrets of the server do not travel. */
const INHERITED =
  /^(PATH|HOME|USER|LANG|LC_.*|TMPDIR|TZ|LD_LIBRARY_PATH|CUDA_.*|NVIDIA_.*|NCCL_.*|GLOO_.*|TORCH.*|PYTORCH_.*|OMP_.*|MKL_.*|TRITON_.*|SYSTEMROOT|TEMP|TMP)$/i;

function environment(options: EngineOptions, address: string, token: string): Record<string, string> {
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

/**
 * @throws EngineError `train/engine` when it does not start, says nothing in time, or is of another version
 * @throws DOMException `AbortError`
 */
export async function spawnEngine(options: EngineOptions): Promise<Engine> {
  options.signal?.throwIfAborted();
  await mkdir(options.logs, { recursive: true });
  const token = options.remote?.token ?? randomBytes(24).toString('base64url');
  const socketFolder = await mkdtemp(join(tmpdir(), 'vqa-engine-'));
  await chmod(socketFolder, 0o700);
  const server = createServer();
  const engine = new EngineProcess(options, server, socketFolder, token);
  try {
    await engine.start();
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

class EngineProcess implements Engine {
  readonly closed: Promise<EngineError | null>;
  readonly #options: EngineOptions;
  readonly #server: Server;
  readonly #socketFolder: string;
  readonly #token: string;
  readonly #record: ProcessRecord = { mark: randomUUID(), groups: [] };
  readonly #listeners = new Map<Notice, Set<(value: never) => void>>();
  readonly #startedAt = Date.now() - 1000; // clocks of file systems are coarse
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #connection: EngineConnection | null = null;
  #hello: Hello | null = null;
  /** True while rank 0 is disconnected. */
  #dead = false;
  /** Elastic restarts that `restarted` has returned true for. */
  #reportedRestarts = 0;
  #lastSign = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | null = null;
  #resolveClosed: (reason: EngineError | null) => void = () => {};

  constructor(options: EngineOptions, server: Server, socketFolder: string, token: string) {
    this.#options = options;
    this.#server = server;
    this.#socketFolder = socketFolder;
    this.#token = token;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get hello(): Hello {
    if (!this.#hello) throw new Error('the engine has not connected');
    return this.#hello;
  }

  on<N extends Notice>(notice: N, listener: (value: NoticeOf<N>) => void): () => void {
    const set = this.#listeners.get(notice) ?? new Set();
    this.#listeners.set(notice, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  async call<M extends Method>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>> {
    if (!this.#connection) throw engineFault('the engine is not connected');
    return this.#connection.call(method, params, options);
  }

  async restarted(): Promise<boolean> {
    const connection = this.#connection;
    const back = () => (this.#hello?.restart ?? 0) > this.#reportedRestarts;
    // A rank that meets an error tells it before it ends.
    if (!back()) await Promise.race([connection?.ended, sleep(ENDING_MS, undefined, { ref: false })]);
    if (!back() && !this.#dead) return false;
    if (!back()) await Promise.race([new Promise((resolve) => void this.on('hello', resolve)), this.closed]);
    if (!back()) return false;
    this.#reportedRestarts = this.hello.restart;
    return true;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end(null);
    return this.#stopping;
  }

  async start(): Promise<void> {
    const address = await this.#listen();
    const { signal, patience = 600, remote } = this.#options;
    const hello = this.#awaitHello();
    const failures: Promise<never>[] = [];
    if (remote === undefined) {
      await this.#spawn(address);
      failures.push(this.#exited.then(() => Promise.reject(this.#explained('did not start'))));
      failures.push(
        sleep(patience * 1000, undefined, { ref: false }).then(() =>
          Promise.reject(engineFault(`the engine said nothing for ${patience} seconds`)),
        ),
      );
    }
    const aborted = new Promise<never>((_, reject) =>
      signal?.addEventListener(
        'abort',
        () => reject(new DOMException('the start was aborted', 'AbortError')),
        { once: true },
      ),
    );
    await Promise.race([hello, aborted, ...failures]);
    if (remote === undefined) void this.#exited.then(() => this.#fail(this.#explained()));
    const silence = this.#options.silence ?? 120;
    this.#lastSign = performance.now();
    this.#watchdog = setInterval(() => {
      if (performance.now() - this.#lastSign > silence * 1000)
        this.#fail(engineFault(`the engine gave no sign of life for ${silence} seconds`));
    }, 1000);
    this.#watchdog.unref();
  }

  #explained(what?: string): EngineError {
    if (this.#options.remote !== undefined)
      return engineFault('the engine elsewhere ended, or cannot be reached');
    return crashOf(this.#options.logs, this.#startedAt, what);
  }

  async #listen(): Promise<string> {
    const { tcp } = this.#options;
    const path = join(this.#socketFolder, 'control.sock');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(tcp ? { host: tcp.host, port: tcp.port } : { path }, resolve);
    });
    const at = this.#server.address();
    return typeof at === 'object' && at !== null ? `tcp:${tcp!.host}:${at.port}` : `unix:${path}`;
  }

  async #spawn(address: string): Promise<void> {
    const { logs, ranks = 1, restarts = 0, torchrun = [], python = projectPython } = this.#options;
    const arguments_ = [
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
      `--mark=${this.#record.mark}`,
    ];
    const log = await open(join(logs, 'engine.log'), 'a');
    try {
      const child = spawn(python, arguments_, {
        cwd: TORCH_HOME,
        env: environment(this.#options, address, this.#token),
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      });
      this.#child = child;
      this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (error) => reject(engineFault(`${python} does not start`, undefined, error)));
      });
    } finally {
      await log.close();
    }
    this.#record.groups.push(this.#child.pid!);
    await writeRecord(this.#options.record, this.#record);
  }

  /** Accepts connections for as long as the engine lives; one that is not ours is closed without a word. */
  #awaitHello(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.on('connection', (socket: Socket) => {
        const connection = new EngineConnection(socket, () => this.#explained());
        const introduction = setTimeout(() => connection.fail(engineFault('no hello came')), 30_000);
        connection.on('hello', (hello) => {
          clearTimeout(introduction);
          const problem = refusal(hello, this.#token);
          if (problem) {
            connection.fail(engineFault(problem));
            if (hello.token === this.#token) reject(engineFault(problem));
            return;
          }
          void this.#adopt(connection, hello).then(resolve, reject);
        });
        void connection.ended.then((reason) => {
          clearTimeout(introduction);
          if (connection === this.#connection) this.#lost(reason);
        });
      });
    });
  }

  async #adopt(connection: EngineConnection, hello: Hello): Promise<void> {
    this.#connection?.fail(engineFault('the engine was started again'));
    this.#connection = connection;
    this.#hello = hello;
    this.#dead = false;
    this.#lastSign = performance.now();
    for (const notice of Object.keys(notifications) as Notice[]) {
      connection.on(notice, (value) => {
        this.#lastSign = performance.now();
        for (const listener of this.#listeners.get(notice) ?? [])
          (listener as (value: unknown) => void)(value);
      });
    }
    // Process ids of another machine mean nothing here.
    if (this.#options.remote === undefined) {
      this.#record.groups.splice(1, Infinity, ...hello.pgids);
      await writeRecord(this.#options.record, this.#record);
    }
    if (hello.restart > 0)
      for (const listener of this.#listeners.get('hello') ?? []) (listener as (value: Hello) => void)(hello);
  }

  /** The stream ended. torchrun may start the ranks again; then a new `hello` follows and the watchdog waits for it. */
  #lost(reason: EngineError): void {
    this.#dead = true;
    const mayReturn = (this.#options.restarts ?? 0) > 0 && this.#child?.exitCode === null;
    if (!mayReturn) this.#fail(reason);
  }

  #fail(reason: EngineError): void {
    this.#stopping ??= this.#end(reason);
  }

  async #end(reason: EngineError | null): Promise<void> {
    clearInterval(this.#watchdog);
    const connection = this.#connection;
    if (connection && reason === null) {
      // Asked kindly first: ranks leave together, decode workers with them.
      await Promise.race([
        connection.call('stop', {}).catch(() => {}),
        sleep(5000, undefined, { ref: false }),
      ]);
    }
    connection?.fail(reason ?? engineFault('the engine was stopped'));
    this.#server.close();
    const leader = this.#record.groups[0];
    if (leader !== undefined) {
      const gone = () => Promise.race([this.#exited.then(() => true), sleep(5000, false, { ref: false })]);
      if (reason !== null || !(await gone())) {
        signalGroup(leader, 'SIGTERM');
        await gone();
      }
      await killGroups(this.#record);
    }
    await rm(this.#options.record, { force: true });
    await rm(this.#socketFolder, { recursive: true, force: true });
    this.#resolveClosed(reason);
  }
}
