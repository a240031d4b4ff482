/** Changes of the settings that have both a button and a key. */
import { compare } from './state/session.ts';
import { GAINS, LOOPS } from './state/settings.ts';

/** Cycles through play once, loop and ping-pong. */
export function nextLoop(): void {
  const { loop } = compare.clock.store.getState();
  compare.change({ loop: LOOPS[(LOOPS.indexOf(loop) + 1) % LOOPS.length]! });
}

export function shiftB(by: number): void {
  const { offset } = compare.store.getState().settings;
  compare.change({ offset: by === 0 ? 0 : offset + by });
}

/** Draws a seed that differs from the current one. */
export function newSeed(): void {
  const { seed } = compare.store.getState().settings;
  const drawn = Math.floor(Math.random() * 9999) + 1;
  compare.change({ seed: drawn === seed ? drawn + 1 : drawn });
}

/** The next higher or lower gain of the difference view. */
export function stepGain(by: 1 | -1): void {
  const { gain } = compare.store.getState().settings;
  const gains: readonly number[] = GAINS;
  const next = gains[gains.indexOf(gain) + by];
  if (next !== undefined) compare.change({ gain: next });
}
