/**
 * Prefill of the prompt frame by frame. A causal decoder can run the tokens of the first frames while later ones are still
 * being decoded. The KV cache of the frames is reused for another answer on the same frames.
 */
import { type KvCache, type LanguageDecoder, releaseCache } from './language-decoder.ts';
import { injectFeatures } from './network.ts';

export interface PromptIds {
  /** The whole prompt with its context tokens. */
  readonly ids: readonly number[];
  readonly contextId: number;
  readonly frames: number;
  readonly tokensPerFrame: number;
}

const none = new Float32Array(0);

export class PromptPrefill {
  readonly #decoder: LanguageDecoder;
  readonly #contextId: number;
  readonly #ids: readonly number[];
  /** Position after the last token of each frame. */
  readonly #ends: readonly number[];
  #read: readonly string[] = [];
  #cache: KvCache;

  constructor(
    decoder: LanguageDecoder,
    { ids, contextId, frames: prefillFrames, tokensPerFrame }: PromptIds,
  ) {
    this.#decoder = decoder;
    this.#contextId = contextId;
    this.#ids = ids;
    const positions = ids.flatMap((id, at) => (id === contextId ? [at] : []));
    this.#ends = Array.from(
      { length: prefillFrames },
      (_, k) => (positions[(k + 1) * tokensPerFrame - 1] ?? -1) + 1,
    );
    this.#cache = decoder.empty();
  }

  /** Number of these frames, from the first on, that the cache holds; 0 where it holds others. */
  cachedFrames(keys: readonly string[]): number {
    const fits = this.#read.length <= keys.length && this.#read.every((key, i) => key === keys[i]);
    return fits ? this.#read.length : 0;
  }

  #forget(): void {
    releaseCache(this.#cache);
    this.#cache = this.#decoder.empty();
    this.#read = [];
  }

  /**
   * Extends the cache to the end of the last of these frames, which are the first frames of the prompt.
   *
   * @param keys frame keys; equal keys mean equal features
   * @param features [tokens, D] of each
   */
  async prefillFrames(keys: readonly string[], features: readonly Float32Array[]): Promise<void> {
    const cachedFrames = this.cachedFrames(keys);
    if (cachedFrames === keys.length) return;
    if (cachedFrames === 0) this.#forget();
    const from = cachedFrames === 0 ? 0 : (this.#ends[cachedFrames - 1] as number);
    const ids = this.#ids.slice(from, this.#ends[keys.length - 1]);
    const embeds = await this.#embed(ids, joined(features.slice(cachedFrames)), null);
    const cache = this.#cache;
    // After a run that fails the cache is empty.
    this.#cache = this.#decoder.empty();
    this.#read = [];
    this.#cache = (await this.#decoder.prefill(cache, embeds)).cache;
    this.#read = [...keys];
  }

  /**
   * Prefills the tokens after the last frame; the cache must hold all frames.
   *
   * @param ids the whole prompt, and after it the text of an earlier answer to continue
   * @param motion [D]
   * @returns a cache for the caller, and the logits of the first new token
   */
  async prefillRest(
    ids: readonly number[],
    motion: Float32Array,
  ): Promise<{ cache: KvCache; logits: Float32Array }> {
    const tail = ids.slice(this.#ends.at(-1));
    const embeds = await this.#embed(tail, none, motion);
    const inMemory = Object.values(this.#cache.tensors).every(({ location }) => location === 'cpu');
    if (inMemory) return this.#decoder.prefill(this.#cache, embeds, true);
    // On the graphics device a second cache of a large model would not fit.
    const cache = this.#cache;
    this.#cache = this.#decoder.empty();
    this.#read = [];
    return this.#decoder.prefill(cache, embeds);
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

export function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
