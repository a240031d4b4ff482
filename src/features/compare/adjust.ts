/** Small changes that a button and a key both make. */
import { compare } from './state/session.ts';
import { LOOPS } from './state/settings.ts';

/** Play once, loop, to and fro, and again. */
export function nextLoop(): void {
  const { loop } = compare.clock.store.getState();
  compare.change({ loop: LOOPS[(LOOPS.indexOf(loop) + 1) % LOOPS.length]! });
}

export function shiftB(by: number): void {
  const { offset } = compare.store.getState().settings;
  compare.change({ offset: by === 0 ? 0 : offset + by });
}

/** Another seed, never the one of now. */
export function newSeed(): void {
  const { seed } = compare.store.getState().settings;
  const drawn = Math.floor(Math.random() * 9999) + 1;
  compare.change({ seed: drawn === seed ? drawn + 1 : drawn });
}
