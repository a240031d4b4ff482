/**
 * An engine without torch for tests of driver and server: deterministic and instant, with one number for its skill. Calls
 * and results pass the protocol's schemas, as with the real engine. Imported by tests only.
 */
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '../../core/stats/random.ts';
import { type CallOptions, type Engine, EngineError, engineFault } from './client.ts';
import { NoticeListeners } from './notices.ts';
import {
  type EngineVideo,
  type Hello,
  type Method,
  methods,
  type Notice,
  type NoticeOf,
  type Params,
  PROTOCOL_VERSION,
  type Result,
} from './protocol.ts';

export interface FakeEngineOptions {
  /** Score of a perfect completion for this video; default: by a hash of the path, 1–5. */
  readonly truth?: (path: string) => number;
  /** True for paths whose completions are all the same. */
  readonly alike?: (path: string) => boolean;
  /** Paths that cannot be read. */
  readonly unreadable?: ReadonlySet<string>;
  readonly frames?: number;
  /** Of the loaded checkpoint; default 1. */
  readonly parameters?: number;
  /** Called before each result: throw to fail the call, or `fake.die()` to end the engine during it. */
  readonly before?: (method: Method, count: number, fake: FakeEngine) => void | Promise<void>;
}

interface State {
  /** 0 = random scores, 1 = the true score. */
  skill: number;
  steps: number;
}

type Handlers = { [M in Method]: (params: Parsed<M>) => Promise<Result<M>> };
type Parsed<M extends Method> = ReturnType<(typeof methods)[M]['params']['parse']>;

const byHash = (path: string) => 1 + 4 * seededRandom(`truth ${path}`).uniform();
const noSeconds = { total: 0 };

export class FakeEngine implements Engine {
  readonly closed: Promise<EngineError | null>;
  hello: Hello = {
    protocol: PROTOCOL_VERSION,
    pid: 2,
    pgids: [],
    ranks: 1,
    restart: 0,
    device: 'fake',
    gpus: 0,
    torch: '0',
    memoryBytes: null,
  };
  /** Every call in order, with its parsed parameters. */
  readonly calls: { readonly method: Method; readonly params: unknown }[] = [];
  state: State = { skill: 0, steps: 0 };
  readonly #options: FakeEngineOptions;
  readonly #listeners = new NoticeListeners();
  #ended: EngineError | null | undefined;
  #reportedRestarts = 0;
  #loaded = false;
  #resolveClosed: (reason: EngineError | null) => void = () => {};
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: FakeEngineOptions = {}) {
    this.#options = options;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  on<N extends Notice>(notice: N, listener: (value: NoticeOf<N>) => void): () => void {
    return this.#listeners.on(notice, listener);
  }

  /** Sends a notification. */
  emit<N extends Notice>(notice: N, value: NoticeOf<N>): void {
    this.#listeners.emit(notice, value);
  }

  call<M extends Method>(method: M, params: Params<M>, { signal }: CallOptions = {}): Promise<Result<M>> {
    const answer = this.#queue.then(() => this.#answer(method, params, signal));
    this.#queue = answer.catch(() => {});
    return answer;
  }

  async #answer<M extends Method>(method: M, params: Params<M>, signal?: AbortSignal): Promise<Result<M>> {
    signal?.throwIfAborted();
    this.#refuseIfEnded();
    // Through JSON, as on the socket.
    const parsed = methods[method].params.parse(JSON.parse(JSON.stringify(params))) as Parsed<M>;
    this.calls.push({ method, params: parsed });
    await this.#options.before?.(method, this.calls.filter((call) => call.method === method).length, this);
    this.#refuseIfEnded();
    if (method === 'load') this.#loaded = true;
    else if (method !== 'probe' && method !== 'stop' && !this.#loaded)
      throw engineFault('no checkpoint is loaded');
    const result = await (this.#handlers[method] as (params: Parsed<M>) => Promise<Result<M>>)(parsed);
    this.#refuseIfEnded();
    signal?.throwIfAborted();
    return methods[method].result.parse(JSON.parse(JSON.stringify(result))) as Result<M>;
  }

  /** Ends the engine like `kill -9`. */
  die(problem = 'the engine ended'): void {
    this.#end(engineFault(problem));
  }

  /** Restarts the ranks as torchrun does after one has died: the call and the loaded checkpoint are lost. */
  restart(problem = 'a rank died'): never {
    this.hello = { ...this.hello, restart: this.hello.restart + 1 };
    this.state = { skill: 0, steps: 0 };
    this.#loaded = false;
    throw engineFault(problem);
  }

  async restarted(): Promise<boolean> {
    const back = this.hello.restart > this.#reportedRestarts;
    this.#reportedRestarts = this.hello.restart;
    return back;
  }

  async stop(): Promise<void> {
    this.#end(null);
  }

  #end(reason: EngineError | null): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#resolveClosed(reason);
  }

  #refuseIfEnded(): void {
    if (this.#ended !== undefined) throw this.#ended ?? engineFault('the engine was stopped');
  }

  #failed(videos: readonly EngineVideo[]): { path: string; error: string }[] {
    const bad = videos.filter(({ path }) => this.#options.unreadable?.has(path));
    return bad.map(({ path }) => ({ path, error: 'the file cannot be read' }));
  }

  #step(): void {
    this.state = { skill: Math.min(1, this.state.skill + 0.02), steps: this.state.steps + 1 };
  }

  /** A completion whose score is closer to the truth with more skill, and further off with frames out of order. */
  #write(video: EngineVideo, seed: number, j: number, temperature: number): string {
    const random = seededRandom(`${seed} ${this.#options.alike?.(video.path) ? 0 : j}`);
    const truth = (this.#options.truth ?? byHash)(video.path);
    const shown = video.indices.filter((index): index is number => index !== null);
    const disorder =
      shown.filter((index, i) => i > 0 && index < shown[i - 1]!).length / Math.max(1, shown.length);
    const noise = temperature === 0 ? 0 : 2 * (1 - this.state.skill) * random.normal();
    const score = Math.min(5, Math.max(1, truth - disorder + noise));
    const readable = temperature === 0 || random.uniform() > 0.1 * (1 - this.state.skill);
    return readable
      ? `<think>The frames are sharp.</think> <answer>${score.toFixed(2)}</answer>`
      : '<think>The frames are sharp.</think>';
  }

  readonly #handlers: Handlers = {
    probe: async ({ paths }) =>
      paths.map((path) => {
        const size = { width: 64, height: 48, fps: 25 };
        return this.#options.unreadable?.has(path)
          ? { frames: 0, width: 0, height: 0, fps: 0, error: 'the file cannot be read' }
          : { frames: this.#options.frames ?? 100, ...size };
      }),
    load: async () => ({
      parameters: this.#options.parameters ?? 1,
      trainable: this.#options.parameters ?? 1,
      device: 'fake',
      torch: '0',
      ranks: 1,
      memoryBytes: null,
      sha256: '0'.repeat(64),
    }),
    encode: async ({ videos }) => ({ failed: this.#failed(videos) }),
    rollout: async ({ videos, numGenerations, seeds, temperature }) => {
      const completions = videos.map((video, i) => {
        if (this.#options.unreadable?.has(video.path)) return null;
        return Array.from({ length: numGenerations }, (_, j) => {
          const text = this.#write(video, seeds[i]!, j, temperature);
          const tokens = [...text].map((letter) => letter.codePointAt(0)!);
          const end = text.endsWith('</answer>') ? ('eos' as const) : ('length' as const);
          return { tokens, text, logps: tokens.map(() => -0.5), end };
        });
      });
      const tokens = completions
        .flatMap((group) => group ?? [])
        .reduce((sum, completion) => sum + completion.tokens.length, 0);
      return { completions, failed: this.#failed(videos), seconds: noSeconds, tokens };
    },
    update: async ({ groups, lr, beta }) => {
      if (lr > 0 && groups.some((group) => group.completions.some(({ advantage }) => advantage !== 0)))
        this.#step();
      const kl = 0.001 * this.state.steps;
      const metrics = {
        loss: beta * kl,
        kl,
        entropy: 1 - this.state.skill,
        grad_norm: 1,
        'clip_ratio/region_mean': 0,
      };
      return { metrics, seconds: noSeconds };
    },
    sft: async () => {
      this.#step();
      return { metrics: { loss: 1 - this.state.skill, grad_norm: 1 }, seconds: noSeconds };
    },
    regression_pretrain: async () => {
      this.#step();
      return { metrics: { loss: 1 - this.state.skill, grad_norm: 1 }, seconds: noSeconds };
    },
    fit: async () => ({ metrics: { r2: this.state.skill }, seconds: noSeconds }),
    save: async ({ folder, extra }) => {
      const text = JSON.stringify({ state: this.state, extra });
      await rm(`${folder}.partial`, { recursive: true, force: true });
      await mkdir(`${folder}.partial`, { recursive: true });
      await writeFile(join(`${folder}.partial`, 'state.json'), text);
      await rm(folder, { recursive: true, force: true });
      await rename(`${folder}.partial`, folder);
      return { bytes: text.length, seconds: 0 };
    },
    restore: async ({ folder }) => {
      const file = join(folder, 'state.json');
      await access(file).catch(() => {
        throw new EngineError('train/checkpoint', { problem: 'not there' }, `${folder} holds no checkpoint`);
      });
      const { state, extra } = JSON.parse(await readFile(file, 'utf8')) as { state: State; extra: unknown };
      this.state = state;
      return { extra };
    },
    export: async ({ folder }) => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'config.json'), '{}\n');
      return { bytes: 3, sha256: '0'.repeat(64) };
    },
    stop: async () => ({}),
  };
}
