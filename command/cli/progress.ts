/** One line of progress on standard error: on a terminal it is overwritten, elsewhere it is not written. */
export class Progress {
  readonly #total: number;
  readonly #shown: boolean;
  readonly #begun = performance.now();
  #done = 0;

  constructor(total: number, quiet: boolean) {
    this.#total = total;
    this.#shown = !quiet && process.stderr.isTTY === true;
  }

  step(): void {
    this.#done++;
    if (!this.#shown) return;
    const seconds = (performance.now() - this.#begun) / 1000;
    const left = Math.ceil((seconds / this.#done) * (this.#total - this.#done));
    process.stderr.write(`\r\u001b[K${this.#done} of ${this.#total} files, about ${left} s left`);
  }

  /** Removes the line, so that rows on the same terminal begin at its left edge. */
  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[K');
  }
}
