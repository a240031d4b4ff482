/**
 * Interface of an engine, and the client of one connection: JSON-RPC 2.0, one message a line, in both directions over one
 * stream. Results and notifications are parsed by the protocol's schemas; a mismatch is an error of the engine.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { CodedError, type ErrorParams } from '../../core/errors.ts';
import { NoticeListeners } from './notices.ts';
import {
  engineErrorSchema,
  type Hello,
  type Method,
  methods,
  type Notice,
  type NoticeOf,
  notifications,
  type Params,
  PROTOCOL_VERSION,
  type Result,
} from './protocol.ts';

/** An error of the engine: `train/engine`, `train/disk`, `train/checkpoint`, `train/data`. */
export class EngineError extends CodedError {
  /** Python stack trace, for the log only. */
  readonly trace: string | undefined;

  constructor(code: string, params: ErrorParams, message: string, trace?: string, cause?: unknown) {
    super(code, params, message, cause === undefined ? undefined : { cause });
    this.name = 'EngineError';
    this.trace = trace;
  }
}

/** `train/engine` with one English line. */
export function engineFault(problem: string, trace?: string, cause?: unknown): EngineError {
  return new EngineError('train/engine', { problem }, problem, trace, cause);
}

export interface CallOptions {
  /**
   * Rejects the call with an `AbortError` at once. The engine drops a request that still waits and finishes one that has
   * begun, so that its state stays consistent; the result is ignored.
   */
  readonly signal?: AbortSignal;
}

/**
 * One engine with one checkpoint and one driver. Calls run in the order in which they were made, except `probe`, which runs
 * concurrently; `save` copies in order and resolves when all is on the disk, while later calls run.
 */
export interface Engine {
  /** Introduction of rank 0 at its last connection; an elastic restart connects again. */
  readonly hello: Hello;
  /**
   * @throws EngineError its own, or `train/engine` when it ended, sent no heartbeat or broke the protocol
   * @throws DOMException `AbortError` when the signal fired
   */
  call<M extends Method>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>>;
  /** @returns a function that removes the listener */
  on<N extends Notice>(notice: N, listener: (value: NoticeOf<N>) => void): () => void;
  /**
   * After a failed call: true once torchrun has restarted dead ranks, which hold no checkpoint then; false where no rank
   * died, or where they are not restarted.
   */
  restarted(): Promise<boolean>;
  /** Resolves when the engine has ended: null after `stop`, else the reason. Never rejects. */
  readonly closed: Promise<EngineError | null>;
  /** Ends the engine and all its processes, without saving. Idempotent. */
  stop(): Promise<void>;
}

/** Most bytes of a line: a step of 64 × 8 completions has under 1 MiB. */
const LONGEST_LINE = 256 * 2 ** 20;

/** Most bytes of a line of a peer that has not yet shown its token: a `hello` with the groups of 1,000 ranks fits. */
export const LONGEST_HELLO = 16 * 2 ** 10;

interface Pending {
  readonly method: Method;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Client of the line protocol over a stream, independent of processes. */
export class EngineConnection {
  readonly #stream: Duplex;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new NoticeListeners();
  #nextId = 1;
  #parts: Buffer[] = [];
  #held = 0;
  #longest: number;
  #end: EngineError | null = null;
  readonly ended: Promise<EngineError>;
  #resolveEnded: (error: EngineError) => void = () => {};

  /**
   * @param explain reason of a closed stream; called once, when it has closed
   * @param longest most bytes of a line, until `trust`
   */
  constructor(stream: Duplex, explain = () => engineFault('the engine ended'), longest = LONGEST_LINE) {
    this.#stream = stream;
    this.#longest = longest;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', (error) => this.fail(engineFault('the connection broke', undefined, error)));
    stream.on('close', () => {
      if (!this.#end) this.fail(explain());
    });
  }

  /** Allows lines of full length. */
  trust(): void {
    this.#longest = LONGEST_LINE;
  }

  on<N extends Notice>(notice: N, listener: (value: NoticeOf<N>) => void): () => void {
    return this.#listeners.on(notice, listener);
  }

  call<M extends Method>(method: M, params: Params<M>, { signal }: CallOptions = {}): Promise<Result<M>> {
    return new Promise<Result<M>>((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      if (signal?.aborted) return reject(aborted(signal));
      const id = this.#nextId++;
      const onAbort = () => {
        this.#pending.delete(id);
        this.#write({ jsonrpc: '2.0', method: 'cancel', params: { id } });
        reject(aborted(signal!));
      };
      const settle = () => signal?.removeEventListener('abort', onAbort);
      this.#pending.set(id, {
        method,
        resolve: (value) => {
          settle();
          resolve(value as Result<M>);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#write({ jsonrpc: '2.0', id, method, params });
    });
  }

  /** Ends the connection and rejects all pending calls with the reason. The first reason counts. */
  fail(reason: EngineError): void {
    if (this.#end) return;
    this.#end = reason;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#stream.destroy();
    this.#resolveEnded(reason);
  }

  #write(message: object): void {
    if (!this.#end) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      const line = Buffer.concat([...this.#parts, rest.subarray(0, at)]).toString('utf8');
      this.#parts = [];
      this.#held = 0;
      rest = rest.subarray(at + 1);
      this.#message(line);
      if (this.#end) return;
    }
    if (rest.length === 0) return;
    this.#parts.push(rest);
    this.#held += rest.length;
    if (this.#held > this.#longest) this.fail(engineFault('the engine sent a line without end'));
  }

  #message(line: string): void {
    let message: { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: unknown };
    try {
      message = JSON.parse(line);
      if (typeof message !== 'object' || message === null) throw new TypeError('no object');
    } catch (error) {
      this.fail(engineFault('the engine sent a line that is no message', line.slice(0, 500), error));
      return;
    }
    if (typeof message.method === 'string') this.#notice(message.method, message.params);
    else if (typeof message.id === 'number') this.#reply(message.id, message.result, message.error);
  }

  /** Ignores unknown notifications, which a newer engine of the same protocol may send. */
  #notice(name: string, params: unknown): void {
    if (!Object.hasOwn(notifications, name)) return;
    const notice = name as Notice;
    const read = notifications[notice].safeParse(params);
    if (!read.success) {
      this.fail(engineFault(`the engine's ${name} is malformed`, read.error.message));
      return;
    }
    this.#listeners.emit(notice, read.data);
  }

  #reply(id: number, result: unknown, error: unknown): void {
    const pending = this.#pending.get(id);
    if (!pending) return; // aborted in the meantime
    this.#pending.delete(id);
    const read = methods[pending.method].result.safeParse(result);
    if (error !== undefined) pending.reject(readError(error));
    else if (read.success) pending.resolve(read.data);
    else {
      const problem = `the engine's answer to ${pending.method} is malformed`;
      pending.reject(engineFault(problem, read.error.message));
    }
  }
}

/** The signal's reason as an AbortError, which `isAbort` recognises. */
function aborted(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.name === 'AbortError'
    ? reason
    : new DOMException('the call was aborted', 'AbortError');
}

function readError(value: unknown): EngineError {
  const read = engineErrorSchema.safeParse(value);
  if (!read.success) return engineFault('the engine failed and did not say how', JSON.stringify(value));
  const { message, data } = read.data;
  return data ? new EngineError(data.code, data.params, message, data.trace) : engineFault(message);
}

/** Reason to refuse a connection; null for an engine of this driver. */
export function refusal(hello: Hello, token: string): string | null {
  if (!sameToken(hello.token ?? '', token)) return 'a connection without the right token was refused';
  if (hello.protocol === PROTOCOL_VERSION) return null;
  return `the engine speaks protocol ${hello.protocol}, the driver ${PROTOCOL_VERSION}: they are of two versions`;
}

/** Compares in constant time. */
export function sameToken(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}
