/**
 * Prefill of the prompt frame by frame. A causal decoder can run the tokens of the first frames while later ones are still
 * being decoded. What the KV cache holds is not run again: frames of another answer, of a copy whose order is the same up
 * to some frame, and the whole prompt where several answers are drawn from it.
 */
import { type KvCache, type LanguageDecoder, type PrefillOptions, releaseCache } from './language-decoder.ts';
import { injectFeatures } from './network.ts';

export interface PromptIds {
  /** The whole prompt with its context tokens. */
  readonly ids: readonly number[];
  readonly contextId: number;
  readonly frames: number;
  readonly tokensPerFrame: number;
}

const none = new Float32Array(0);

type Listeners = Pick<PrefillOptions, 'signal' | 'onTokens'>;

/** The prompt up to its end, as it was run last. */
interface WholePrompt {
  /** Tokens after the last frame. */
  readonly tail: readonly number[];
  readonly motion: Float32Array;
  readonly cache: KvCache;
  readonly logits: Float32Array;
}

export class PromptPrefill {
  readonly #decoder: LanguageDecoder;
  readonly #contextId: number;
  readonly #ids: readonly number[];
  /** Position of the first context token of each frame, and that after its last. */
  readonly #begins: readonly number[];
  readonly #ends: readonly number[];
  /** Frames of the cache; the last of them may be there in part. */
  #read: readonly string[] = [];
  #cache: KvCache;
  #whole: WholePrompt | null = null;

  constructor(
    decoder: LanguageDecoder,
    { ids, contextId, frames: prefillFrames, tokensPerFrame }: PromptIds,
  ) {
    this.#decoder = decoder;
    this.#contextId = contextId;
    this.#ids = ids;
    const positions = ids.flatMap((id, at) => (id === contextId ? [at] : []));
    const frames = Array.from({ length: prefillFrames }, (_, k) => k);
    this.#begins = frames.map((k) => positions[k * tokensPerFrame] ?? 0);
    this.#ends = frames.map((k) => (positions[(k + 1) * tokensPerFrame - 1] ?? -1) + 1);
    this.#cache = decoder.empty();
  }

  /** Number of these frames, from the first on, that the cache holds. */
  cachedFrames(keys: readonly string[]): number {
    const length = this.cachedTokens(keys);
    return keys.filter((_, k) => (this.#ends[k] as number) <= length).length;
  }

  /** Tokens of the cache, from the first on, that a prompt of these frames begins with. */
  cachedTokens(keys: readonly string[]): number {
    const differs = keys.findIndex((key, k) => key !== this.#read[k]);
    const common = differs < 0 ? keys.length : differs;
    if (common >= this.#read.length) return this.#cache.length;
    // Other frames follow in the cache. Without rewinding they cannot be taken out.
    if (!this.#decoder.rewinds) return 0;
    return Math.min(this.#cache.length, this.#begins[common] as number);
  }

  #forget(): void {
    if (this.#whole) releaseCache(this.#whole.cache);
    this.#whole = null;
    releaseCache(this.#cache);
    this.#cache = this.#decoder.empty();
    this.#read = [];
  }

  /** Makes room for the prompt and an answer of so many tokens. */
  reserve(tokens: number): void {
    this.#decoder.reserve(tokens, this.#whole?.cache ?? this.#cache);
  }

  /**
   * Extends the cache to the end of the last of these frames, which are the first frames of the prompt.
   *
   * @param keys frame keys; equal keys mean equal features
   * @param features [tokens, D] of each
   * @returns false where the signal stopped it; the tokens so far stay in the cache
   */
  async prefillFrames(
    keys: readonly string[],
    features: readonly Float32Array[],
    listeners: Listeners = {},
  ): Promise<boolean> {
    const end = keys.length === 0 ? 0 : (this.#ends[keys.length - 1] as number);
    const cached = this.cachedTokens(keys);
    if (cached === this.#cache.length && cached >= end) return true;
    if (cached === 0) this.#forget();
    else if (cached < this.#cache.length) {
      this.#whole = null;
      this.#cache = this.#decoder.rewound(this.#cache, cached);
      this.#read = keys.slice(0, this.#begins.filter((begin) => begin < cached).length);
    } else if (this.#whole) {
      releaseCache(this.#whole.cache);
      this.#whole = null;
    }
    for (const [k, frame] of features.entries()) {
      const from = this.#cache.length;
      const to = this.#ends[k] as number;
      if (to <= from) continue;
      const ids = this.#ids.slice(from, to);
      const skipped = Math.max(0, from - (this.#begins[k] as number));
      const embeds = await this.#embed(ids, frame.subarray(skipped * this.#decoder.width), null);
      const cache = this.#cache;
      // After a run that fails the cache is empty.
      this.#cache = this.#decoder.empty();
      this.#read = [];
      const step = await this.#decoder.prefill(cache, embeds, listeners);
      this.#cache = step.cache;
      this.#read = keys.slice(0, k + 1);
      if (!step.logits) return false;
    }
    return true;
  }

  /**
   * Prefills the tokens after the last frame; the cache must hold all frames.
   *
   * @param ids the whole prompt, and after it the text of an earlier answer to continue
   * @param motion [D]
   * @returns a cache for the caller, and the logits of the first new token; null where the signal stopped it
   */
  async prefillRest(
    ids: readonly number[],
    motion: Float32Array,
    listeners: Listeners = {},
  ): Promise<{ cache: KvCache; logits: Float32Array } | null> {
    const tail = ids.slice(this.#ends.at(-1));
    const whole = this.#whole;
    const common = whole && sameNumbers(whole.motion, motion) ? commonLength(whole.tail, tail) : 0;
    if (whole && common === tail.length && common === whole.tail.length) return whole;
    let base = this.#cache;
    if (whole && this.#decoder.rewinds) {
      const length = this.#cache.length + Math.min(common, tail.length - 1);
      base = this.#decoder.rewound(whole.cache, length);
    } else if (whole && common === whole.tail.length) base = whole.cache;
    const rest = tail.slice(base.length - this.#cache.length);
    const embeds = await this.#embed(rest, none, rest.includes(this.#contextId) ? motion : null);
    if (!this.#keeps()) {
      // A second cache of a large model would not fit on the graphics device.
      const cache = this.#cache;
      this.#cache = this.#decoder.empty();
      this.#read = [];
      return stepOf(await this.#decoder.prefill(cache, embeds, listeners));
    }
    this.#whole = null;
    const step = stepOf(await this.#decoder.prefill(base, embeds, { ...listeners, keep: true }));
    if (step) this.#whole = { tail, motion, ...step };
    return step;
  }

  /** True where the cache of the frames stays valid while another continues it. */
  #keeps(): boolean {
    if (this.#decoder.rewinds) return true;
    return Object.values(this.#cache.tensors).every(({ location }) => location === 'cpu');
  }

  async #embed(ids: readonly number[], vision: Float32Array, motion: Float32Array | null) {
    const embeds = await this.#decoder.embed(ids);
    injectFeatures(embeds, ids, this.#contextId, vision, motion);
    return embeds;
  }

  dispose(): void {
    this.#forget();
  }
}

type Step = { cache: KvCache; logits: Float32Array };

function stepOf({ cache, logits }: { cache: KvCache; logits: Float32Array | null }): Step | null {
  if (logits) return { cache, logits };
  return null;
}

const commonLength = (a: readonly number[], b: readonly number[]): number => {
  const differs = a.findIndex((id, i) => id !== b[i]);
  return differs < 0 ? a.length : differs;
};

const sameNumbers = (a: Float32Array, b: Float32Array): boolean =>
  a === b || (a.length === b.length && a.every((value, i) => value === b[i]));
