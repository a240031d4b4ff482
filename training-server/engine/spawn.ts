/**
 * Starts an engine: `python -m torch.distributed.run … -m engine` under the project's Python, without a shell, in a process
 * group of its own. It connects over a Unix socket in a private folder, or over TCP for ranks on other machines. A remote
 * engine, for example on a cluster, is waited for instead.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CallOptions,
  type Engine,
  EngineConnection,
  type EngineError,
  engineFault,
  LONGEST_HELLO,
  refusal,
  sameToken,
} from './client.ts';
import { ControlSocket } from './control-socket.ts';
import { crashOf } from './crash.ts';
import { NoticeListeners } from './notices.ts';
import { killGroups, type ProcessRecord, signalGroup, writeRecord } from './processes.ts';
import {
  type Hello,
  type Method,
  type Notice,
  type NoticeOf,
  notifications,
  type Params,
  type Result,
} from './protocol.ts';
import { type EngineOptions, startTorchrun, type Torchrun } from './torchrun.ts';
import { Watchdog } from './watchdog.ts';

/** Longest time from the error that a rank reports to the end of its process. */
const ENDING_MS = 2000;

/** Time in which a new connection must introduce itself. */
const HELLO_MS = 10_000;

/**
 * @throws EngineError `train/engine` when it does not start, does not connect in time, or is of another version
 * @throws DOMException `AbortError`
 */
export async function spawnEngine(options: EngineOptions): Promise<Engine> {
  options.signal?.throwIfAborted();
  await mkdir(options.logs, { recursive: true });
  const token = options.remote?.token ?? randomBytes(24).toString('base64url');
  const engine = new EngineProcess(options, await ControlSocket.open(options.tcp), token);
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
  readonly #socket: ControlSocket;
  readonly #token: string;
  readonly #record: ProcessRecord = { mark: randomUUID(), groups: [] };
  readonly #listeners = new NoticeListeners();
  readonly #watchdog = new Watchdog();
  readonly #startedAt = Date.now() - 1000; // clocks of file systems are coarse
  #torchrun: Torchrun | null = null;
  #connection: EngineConnection | null = null;
  #hello: Hello | null = null;
  /** True while rank 0 is disconnected. */
  #disconnected = false;
  /** Elastic restarts that `restarted` has returned true for. */
  #reportedRestarts = 0;
  #stopping: Promise<void> | null = null;
  #resolveClosed: (reason: EngineError | null) => void = () => {};

  constructor(options: EngineOptions, socket: ControlSocket, token: string) {
    this.#options = options;
    this.#socket = socket;
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
    return this.#listeners.on(notice, listener);
  }

  async call<M extends Method>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>> {
    if (!this.#connection) throw engineFault('the engine is not connected');
    return this.#connection.call(method, params, options);
  }

  async restarted(): Promise<boolean> {
    const connection = this.#connection;
    const isBack = () => (this.#hello?.restart ?? 0) > this.#reportedRestarts;
    // A rank reports an error before its process ends.
    if (!isBack()) await Promise.race([connection?.ended, sleep(ENDING_MS, undefined, { ref: false })]);
    if (!isBack() && !this.#disconnected) return false;
    if (!isBack())
      await Promise.race([new Promise((resolve) => void this.on('hello', resolve)), this.closed]);
    if (!isBack()) return false;
    this.#reportedRestarts = this.hello.restart;
    return true;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end(null);
    return this.#stopping;
  }

  async start(): Promise<void> {
    const { signal, patience = 600, silence = 120, remote } = this.#options;
    const hello = this.#awaitHello();
    // Listened for from here on: a stop that comes while torchrun is started must not be missed.
    const aborted = new Promise<never>((_, reject) => {
      const abort = () => reject(new DOMException('the start was aborted', 'AbortError'));
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort, { once: true });
    });
    aborted.catch(() => {}); // raced below
    const failures: Promise<never>[] = [];
    if (remote === undefined) {
      const { exited } = await this.#spawn();
      failures.push(exited.then(() => Promise.reject(this.#endReason('did not start'))));
      failures.push(
        sleep(patience * 1000, undefined, { ref: false }).then(() =>
          Promise.reject(engineFault(`the engine did not connect within ${patience} seconds`)),
        ),
      );
    }
    await Promise.race([hello, aborted, ...failures]);
    void this.#torchrun?.exited.then(() => this.#fail(this.#endReason()));
    this.#watchdog.start(silence, () =>
      this.#fail(engineFault(`the engine gave no sign of life for ${silence} seconds`)),
    );
  }

  /** The error that a rank has written, for an engine of this machine. */
  #endReason(problem?: string): EngineError {
    if (this.#options.remote !== undefined)
      return engineFault('the engine elsewhere ended, or cannot be reached');
    return crashOf(this.#options.logs, this.#startedAt, problem);
  }

  async #spawn(): Promise<Torchrun> {
    const introduction = {
      address: this.#socket.address,
      token: this.#token,
      mark: this.#record.mark,
    };
    this.#torchrun = await startTorchrun(this.#options, introduction);
    this.#record.groups.push(this.#torchrun.child.pid!);
    await writeRecord(this.#options.record, this.#record);
    return this.#torchrun;
  }

  /** Accepts connections while the engine lives; one without the token is closed without an answer. */
  #awaitHello(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.onConnection((socket) => {
        const connection = new EngineConnection(socket, () => this.#endReason(), LONGEST_HELLO);
        const timeout = setTimeout(() => connection.fail(engineFault('no hello came')), HELLO_MS);
        connection.on('hello', (hello) => {
          clearTimeout(timeout);
          const problem = refusal(hello, this.#token);
          if (problem) {
            connection.fail(engineFault(problem));
            if (sameToken(hello.token ?? '', this.#token)) reject(engineFault(problem));
            return;
          }
          connection.trust();
          void this.#adopt(connection, hello).then(resolve, reject);
        });
        void connection.ended.then((reason) => {
          clearTimeout(timeout);
          if (connection === this.#connection) this.#onDisconnected(reason);
        });
      });
    });
  }

  async #adopt(connection: EngineConnection, hello: Hello): Promise<void> {
    this.#connection?.fail(engineFault('the engine was started again'));
    this.#connection = connection;
    this.#hello = hello;
    this.#disconnected = false;
    this.#watchdog.sign();
    for (const notice of Object.keys(notifications) as Notice[])
      connection.on(notice, (value) => {
        this.#watchdog.sign();
        this.#listeners.emit(notice, value);
      });
    // Process ids of another machine mean nothing here.
    if (this.#options.remote === undefined) {
      this.#record.groups.splice(1, Infinity, ...hello.pgids);
      await writeRecord(this.#options.record, this.#record);
    }
    if (hello.restart > 0) this.#listeners.emit('hello', hello);
  }

  /** Waits for another `hello` where torchrun may restart the ranks; else the engine has failed. */
  #onDisconnected(reason: EngineError): void {
    this.#disconnected = true;
    const mayReturn = (this.#options.restarts ?? 0) > 0 && this.#torchrun?.child.exitCode === null;
    if (!mayReturn) this.#fail(reason);
  }

  #fail(reason: EngineError): void {
    this.#stopping ??= this.#end(reason);
  }

  async #end(reason: EngineError | null): Promise<void> {
    this.#watchdog.stop();
    const connection = this.#connection;
    if (connection && reason === null) {
      // Ranks that are asked to stop end together, and their decode workers with them.
      await Promise.race([
        connection.call('stop', {}).catch(() => {}),
        sleep(5000, undefined, { ref: false }),
      ]);
    }
    connection?.fail(reason ?? engineFault('the engine was stopped'));
    this.#socket.stopListening();
    await this.#endProcesses(reason);
    await rm(this.#options.record, { force: true });
    await this.#socket.close();
    this.#resolveClosed(reason);
  }

  /** SIGTERM to torchrun unless it ends by itself after a stop; then SIGKILL to all that is left. */
  async #endProcesses(reason: EngineError | null): Promise<void> {
    const leader = this.#record.groups[0];
    if (leader === undefined) return;
    const exited = this.#torchrun?.exited ?? Promise.resolve();
    const gone = () => Promise.race([exited.then(() => true), sleep(5000, false, { ref: false })]);
    if (reason !== null || !(await gone())) {
      signalGroup(leader, 'SIGTERM');
      await gone();
    }
    await killGroups(this.#record);
  }
}
