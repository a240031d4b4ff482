import type { Stage } from './stages.ts';

/** A stage that has ended, and its seconds. */
export interface StageTime {
  readonly stage: Stage;
  readonly seconds: number;
}

/** The stage that a run is in, and since when. */
export class StageClock {
  readonly #now: () => number;
  #stage: Stage | null = null;
  #since = 0;

  /** @param now in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Seconds since the present stage began; 0 outside of a stage. */
  seconds(): number {
    return this.#stage === null ? 0 : (this.#now() - this.#since) / 1000;
  }

  /** Leaves the present stage for the next one. @returns the stage that has ended */
  enter(stage: Stage): StageTime | null {
    const ended = this.leave();
    this.#stage = stage;
    this.#since = this.#now();
    return ended;
  }

  /** @returns the stage that has ended; null outside of a stage */
  leave(): StageTime | null {
    const stage = this.#stage;
    const seconds = this.seconds();
    this.#stage = null;
    return stage === null ? null : { stage, seconds };
  }
}
