/**
 * Keeps the writer within sight of its reader: a small model would write a whole answer before the word to stop has
 * crossed to its thread.
 */
export class Pace {
  readonly #ahead: number;
  readonly #stop: () => void;
  readonly #replies: { readonly tokens: number; readonly reply: Promise<void> }[] = [];

  /**
   * @param ahead tokens that may be written beyond the last reply
   * @param stop called when the reader replies that it wants no more
   */
  constructor(ahead: number, stop: () => void) {
    this.#ahead = ahead;
    this.#stop = stop;
  }

  /** The reader was told of so many tokens; its reply is on the way. */
  report(tokens: number, reply: boolean | Promise<boolean>): void {
    const settled = Promise.resolve(reply).then(
      (more) => {
        if (!more) this.#stop();
      },
      // A reader that cannot reply is not there any more.
      () => this.#stop(),
    );
    this.#replies.push({ tokens, reply: settled });
  }

  /** Resolves when another token may follow so many. */
  async room(tokens: number): Promise<void> {
    for (;;) {
      const oldest = this.#replies[0];
      if (!oldest || tokens - oldest.tokens < this.#ahead) return;
      await oldest.reply;
      this.#replies.shift();
    }
  }

  /** Resolves when all replies are there: what was told is not overtaken by what is returned. */
  async end(): Promise<void> {
    await Promise.all(this.#replies.splice(0).map(({ reply }) => reply));
  }
}
