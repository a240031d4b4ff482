/** Changes of the settings that have both a button and a key. */
import { compare } from './state/session.ts';
import { LOOPS } from './state/settings.ts';

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
