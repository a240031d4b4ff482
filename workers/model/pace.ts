/**
 * Bounds how far generation runs ahead of the page's replies. Without it a small model finishes an answer before a stop
 * reaches its thread.
 */
export class Pace {
  readonly #ahead: number;
  readonly #stop: () => void;
  readonly #replies: { readonly tokens: number; readonly reply: Promise<void> }[] = [];

  /**
   * @param ahead tokens that may be generated beyond the last reply
   * @param stop called after a reply of false
   */
  constructor(ahead: number, stop: () => void) {
    this.#ahead = ahead;
    this.#stop = stop;
  }

  /** Registers an event that was sent after so many tokens, and its reply. */
  report(tokens: number, reply: boolean | Promise<boolean>): void {
    const settled = Promise.resolve(reply).then(
      (more) => {
        if (!more) this.#stop();
      },
      // A page that cannot reply is closed.
      () => this.#stop(),
    );
    this.#replies.push({ tokens, reply: settled });
  }

  /** Resolves when another token may be generated after so many. */
  async room(tokens: number): Promise<void> {
    for (;;) {
      const oldest = this.#replies[0];
      if (!oldest || tokens - oldest.tokens < this.#ahead) return;
      await oldest.reply;
      this.#replies.shift();
    }
  }

  /** Resolves after all replies, so that the events arrive before the result. */
  async end(): Promise<void> {
    await Promise.all(this.#replies.splice(0).map(({ reply }) => reply));
  }
}
