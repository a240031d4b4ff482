/** Number of prompt tokens that the decoder is given at once, from the time that the last piece took. */

/** Time of a piece: a stop is heard between pieces, and Windows resets an adapter that is busy for two seconds. */
const TARGET_MS = 250;

/** Fewest tokens: kernels of a prompt work in tiles, so that fewer take as long. */
const FEWEST = 16;

export class PieceSize {
  readonly #most: number;
  #tokens: number;

  /** @param most tokens of one run, whatever it takes; the first piece has `first` */
  constructor(first: number, most: number) {
    this.#most = most;
    this.#tokens = Math.min(first, most);
  }

  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Half to twice the present size after each full piece. The first run of a kernel, which the browser compiles, then
   * shrinks it once and no further.
   */
  record(tokens: number, ms: number): void {
    if (tokens < this.#tokens || !Number.isFinite(this.#tokens)) return;
    const fitting = (tokens * TARGET_MS) / Math.max(ms, 1);
    const next = Math.min(2 * this.#tokens, Math.max(this.#tokens / 2, fitting));
    this.#tokens = Math.min(this.#most, Math.max(FEWEST, Math.floor(next / FEWEST) * FEWEST));
  }
}
