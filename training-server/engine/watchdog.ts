/** A timer that fires when no sign of life has come for a while. */
export class Watchdog {
  #lastSign = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param seconds of silence after which `onSilence` is called, every second from then on */
  start(seconds: number, onSilence: () => void): void {
    this.sign();
    this.#timer = setInterval(() => {
      if (performance.now() - this.#lastSign > seconds * 1000) onSilence();
    }, 1000);
    this.#timer.unref();
  }

  sign(): void {
    this.#lastSign = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
