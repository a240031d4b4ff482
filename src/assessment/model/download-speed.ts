/** Weight of the newest window in the running mean. */
const NEWEST = 0.3;
/** Shortest time over which a speed is measured, in milliseconds. */
const WINDOW = 500;

/** Running mean of the bytes per second that arrive. */
export class DownloadSpeed {
  readonly #now: () => number;
  #since = { at: 0, bytes: Number.POSITIVE_INFINITY };
  #mean: number | null = null;

  /** @param now in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns bytes per second after `bytes` in all; null before the first window is over */
  add(bytes: number): number | null {
    const { at, bytes: before } = this.#since;
    const passed = this.#now() - at;
    // The first call, or the count began anew.
    if (bytes < before) this.#since = { at: this.#now(), bytes };
    else if (passed >= WINDOW) {
      const speed = ((bytes - before) * 1000) / passed;
      this.#mean = this.#mean === null ? speed : this.#mean + NEWEST * (speed - this.#mean);
      this.#since = { at: this.#now(), bytes };
    }
    return this.#mean;
  }
}
