/**
 * Milliseconds between two drawings of an answer that grows: one frame of a 60 Hz screen. A fast model generates several
 * tokens in that time, and each drawing parses and lays out the text anew.
 */
export const TEXT_INTERVAL = 16;

/** Text that has arrived since the last drawing, drawn at most once per interval; the first text is drawn at once. */
export class TextThrottle {
  readonly #draw: (text: string, tokens: number) => void;
  readonly #interval: number;
  #text = '';
  #tokens = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param draw called with the new text, and with the number of tokens so far
   * @param interval in milliseconds
   */
  constructor(draw: (text: string, tokens: number) => void, interval = TEXT_INTERVAL) {
    this.#draw = draw;
    this.#interval = interval;
  }

  add(text: string, tokens: number): void {
    this.#text += text;
    this.#tokens = tokens;
    if (this.#timer === undefined) this.#flush();
  }

  /** Drops the text that is not drawn yet; the next text is drawn at once. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#text = '';
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#timer = setTimeout(() => this.#flush(), this.#interval);
    this.#draw(text, this.#tokens);
  }
}
