/**
 * Vision features by frame key, least recently used out first. A perturbed order, a second answer or a second run over
 * the same frames needs no vision encoder.
 */
export class EmbeddingCache {
  readonly #entries = new Map<string, Float32Array>();
  readonly #limit: number;
  readonly #most: number;
  #bytes = 0;

  /**
   * @param limit bytes held at most
   * @param most frames held at most: the videos of a long queue are not assessed twice
   */
  constructor(limit: number, most = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
    this.#most = most;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  get(key: string): Float32Array | undefined {
    const entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  set(key: string, value: Float32Array): void {
    const old = this.#entries.get(key);
    if (old) this.#bytes -= old.byteLength;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#bytes += value.byteLength;
    for (const [first, entry] of this.#entries) {
      if ((this.#bytes <= this.#limit && this.#entries.size <= this.#most) || first === key) break;
      this.#entries.delete(first);
      this.#bytes -= entry.byteLength;
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
