/**
 * The language decoder with its KV cache, run on its sessions directly. The loop of transformers.js gives the same tokens
 * (compared in a test) but takes longer around a step of the small model than the step itself.
 */
import type * as Ort from 'onnxruntime-common';
import type { Embedding } from './embedding.ts';
import type { KvBuffers } from './kv-buffers.ts';
import type { PieceSize } from './piece-size.ts';

export type Session = Pick<
  Ort.InferenceSession,
  'run' | 'release' | 'inputNames' | 'outputNames' | 'inputMetadata'
>;
export type TensorClass = typeof Ort.Tensor;

/**
 * Keys and values of `length` tokens. The holder releases it. In buffers of fixed capacity there is one content for all
 * caches, and a cache is valid until a shorter one is continued.
 */
export interface KvCache {
  readonly length: number;
  /** By the name of the graph input; none where they lie in buffers of fixed capacity. */
  readonly tensors: Readonly<Record<string, Ort.Tensor>>;
}

const channel = new MessageChannel();

/**
 * Ends the current task, so that waiting messages are handled. On WASM a run resolves within the task, and a stop from
 * the page would take effect only at the end of the answer. A timer instead would cost 4 ms a token. A port that listens
 * keeps a process of Node alive, so it listens for one message.
 */
export function letMessagesIn(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => {
      channel.port1.onmessage = null;
      resolve();
    };
    channel.port2.postMessage(null);
  });
}

/** Frees a cache on the graphics device. One in JavaScript may have several holders and is left to the collector. */
export function releaseCache(cache: KvCache): void {
  for (const tensor of Object.values(cache.tensors)) if (tensor.location === 'gpu-buffer') tensor.dispose();
}

/** Outputs whose name begins with `from`, renamed to inputs that begin with `to`. */
function renamed(outputs: Readonly<Record<string, Ort.Tensor>>, from: string, to: string) {
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, tensor]) =>
      name.startsWith(from) ? [[to + name.slice(from.length), tensor]] : [],
    ),
  );
}

/** Where a run puts its outputs: keys and values into the buffers they came from, others as the session prefers. */
function sharedOutputs(outputNames: readonly string[], past: Readonly<Record<string, Ort.Tensor>>) {
  return Object.fromEntries(
    outputNames.map((name) => [name, past[name.replace(/^present\./, 'past_key_values.')] ?? null]),
  );
}

export interface LanguageDecoderSessions {
  readonly embedding: Embedding;
  /** One session, or the parts of a decoder too large for one, in order. */
  readonly parts: readonly Session[];
  /** Several greedy steps a run (`convert/greedy.ts`), where the package holds it. */
  readonly greedy: Session | null;
}

export interface LanguageDecoderOptions {
  readonly pieces: PieceSize;
  /** Buffers of fixed capacity for the keys and values; null where each run returns a new cache. */
  readonly buffers?: KvBuffers | null;
}

export interface PrefillOptions {
  /** True to leave the given cache as it is; else it is released. */
  readonly keep?: boolean;
  /** Heard before each piece. */
  readonly signal?: AbortSignal;
  /** Called after each piece with its tokens. */
  readonly onTokens?: (tokens: number) => void;
}

export class LanguageDecoder {
  readonly #Tensor: TensorClass;
  readonly #sessions: LanguageDecoderSessions;
  readonly #pieces: PieceSize;
  readonly #buffers: KvBuffers | null;
  /** Length of a token's embedding. */
  readonly width: number;

  constructor(
    Tensor: TensorClass,
    sessions: LanguageDecoderSessions,
    width: number,
    { pieces, buffers = null }: LanguageDecoderOptions,
  ) {
    this.#Tensor = Tensor;
    this.#sessions = sessions;
    this.#pieces = pieces;
    this.#buffers = buffers;
    this.width = width;
  }

  /** True where a cache can be continued from an earlier length. */
  get rewinds(): boolean {
    return this.#buffers !== null;
  }

  /** The first `length` tokens of a cache, where `rewinds`. */
  rewound(cache: KvCache, length: number): KvCache {
    if (!this.#buffers || length > cache.length) throw new RangeError('this cache cannot be rewound');
    return { length, tensors: cache.tensors };
  }

  /** Makes room for a cache of `tokens`, so that no later run has to. No effect where caches grow. */
  reserve(tokens: number, cache: KvCache): void {
    this.#buffers?.reserve(tokens, cache.length);
  }

  #int64(values: readonly number[], dims: readonly number[]): Ort.Tensor {
    return new this.#Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  }

  #empty(sessions: readonly Session[], prefix: string): Record<string, Ort.Tensor> {
    const tensors: Record<string, Ort.Tensor> = {};
    for (const session of sessions) {
      for (const input of session.inputMetadata) {
        if (!input.isTensor || !input.name.startsWith(prefix)) continue;
        const dims = input.shape.map((size) =>
          typeof size === 'number' ? size : size === 'batch_size' ? 1 : 0,
        );
        tensors[input.name] =
          input.type === 'float16'
            ? new this.#Tensor('float16', new Uint16Array(0), dims)
            : new this.#Tensor('float32', new Float32Array(0), dims);
      }
    }
    return tensors;
  }

  /** A cache of no tokens. */
  empty(): KvCache {
    const tensors = this.#buffers ? {} : this.#empty(this.#sessions.parts, 'past_key_values.');
    return { length: 0, tensors };
  }

  /** ids → [n, width] */
  embed(ids: readonly number[]): Promise<Float32Array> {
    return this.#sessions.embedding.embed(ids);
  }

  /**
   * Runs embeddings [n, width] after the tokens of the cache, piece by piece.
   *
   * @returns logits of the last row; null where the signal stopped it, with a cache of the pieces before
   */
  async prefill(
    cache: KvCache,
    embeds: Float32Array,
    { keep = false, signal, onTokens }: PrefillOptions = {},
  ): Promise<{ cache: KvCache; logits: Float32Array | null }> {
    const count = embeds.length / this.width;
    let current = cache;
    for (let from = 0; ; ) {
      if (signal?.aborted) return { cache: current, logits: null };
      const to = Math.min(from + this.#pieces.tokens, count);
      const started = performance.now();
      const step = await this.#run(current, embeds.subarray(from * this.width, to * this.width), to - from);
      this.#pieces.record(to - from, performance.now() - started);
      if (!(keep && current === cache)) releaseCache(current);
      current = step.cache;
      onTokens?.(to - from);
      if (to === count) return step;
      from = to;
      await letMessagesIn();
    }
  }

  async #run(cache: KvCache, embeds: Float32Array, count: number) {
    const total = cache.length + count;
    this.#buffers?.reserve(total, cache.length);
    const past = this.#buffers?.tensors ?? cache.tensors;
    const positions = Array.from({ length: count }, (_, i) => cache.length + i);
    const common: Record<string, Ort.Tensor> = {
      attention_mask: new this.#Tensor('int64', new BigInt64Array(total).fill(1n), [1, total]),
      position_ids: this.#int64(positions, [1, count]),
      num_logits_to_keep: this.#int64([1], []),
    };
    let hidden: Ort.Tensor = new this.#Tensor('float32', embeds, [1, count, this.width]);
    let tensors: Record<string, Ort.Tensor> = {};
    let outputs: Record<string, Ort.Tensor> = {};
    for (const part of this.#sessions.parts) {
      const available: Record<string, Ort.Tensor> = { ...common, ...past, inputs_embeds: hidden };
      const feeds = Object.fromEntries(part.inputNames.map((name) => [name, available[name] as Ort.Tensor]));
      outputs = (await (this.#buffers
        ? part.run(feeds, sharedOutputs(part.outputNames, past))
        : part.run(feeds))) as Record<string, Ort.Tensor>;
      if (hidden.location === 'gpu-buffer') hidden.dispose();
      if (!this.#buffers) tensors = { ...tensors, ...renamed(outputs, 'present.', 'past_key_values.') };
      hidden = outputs.hidden_states as Ort.Tensor;
    }
    const logits = (outputs.logits as Ort.Tensor).data as Float32Array;
    return { cache: { length: total, tensors }, logits };
  }

  /** Runs one token; the given cache is released. */
  async step(cache: KvCache, token: number): Promise<{ cache: KvCache; logits: Float32Array }> {
    const next = await this.#run(cache, await this.embed([token]), 1);
    releaseCache(cache);
    return next;
  }

  /** Greedy decoding after a prompt, several steps a run; null where the package has no graph for it. */
  greedy(prompt: KvCache, ends: readonly number[]): GreedySteps | null {
    const session = this.#sessions.greedy;
    if (!session) return null;
    let answer = this.#empty([session], 'answer_key_values.');
    return async (token, steps) => {
      const outputs = (await session.run({
        token: this.#int64([token], [1]),
        steps: this.#int64([steps], []),
        end_ids: this.#int64(ends.length > 0 ? ends : [-1], [Math.max(1, ends.length)]),
        ...prompt.tensors,
        ...answer,
      })) as Record<string, Ort.Tensor>;
      answer = renamed(outputs, 'present_answer.', 'answer_key_values.');
      const ids = (outputs.tokens as Ort.Tensor).data as BigInt64Array;
      return {
        tokens: Array.from(ids, Number),
        logits: (outputs.logits as Ort.Tensor).data as Float32Array,
      };
    };
  }
}

/**
 * Generates at most `steps` tokens after the given one; fewer where one of them ends the answer.
 *
 * @returns n tokens, and the logits [n, V] that they are the arg max of
 */
export type GreedySteps = (
  token: number,
  steps: number,
) => Promise<{ readonly tokens: number[]; readonly logits: Float32Array }>;
