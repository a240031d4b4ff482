/** Changes of a stall by pointer and key. Pure; times are seconds, in steps of a tenth. */
import type { Stall } from '../../../../core/vqa2/stalls.ts';

export const STEP = 0.1;

const rounded = (seconds: number) => Math.round(seconds / STEP) / (1 / STEP);

const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** @param length of the video */
export function movedStall({ at, duration }: Stall, by: number, length: number): Stall {
  return { at: within(rounded(at + by), STEP, Math.max(STEP, rounded(length - STEP))), duration };
}

/** Longest stall that the editor makes. */
const LONGEST = 60;

export function resizedStall({ at, duration }: Stall, by: number): Stall {
  return { at, duration: within(rounded(duration + by), STEP, LONGEST) };
}

/** The stall after a key; null for a key that removes it, undefined for a key of another meaning. */
export function stallAfterKey(
  stall: Stall,
  { key, shiftKey }: { readonly key: string; readonly shiftKey: boolean },
  length: number,
): Stall | null | undefined {
  const step = shiftKey ? 1 : STEP;
  switch (key) {
    case 'ArrowLeft':
      return movedStall(stall, -step, length);
    case 'ArrowRight':
      return movedStall(stall, step, length);
    case 'ArrowUp':
      return resizedStall(stall, step);
    case 'ArrowDown':
      return resizedStall(stall, -step);
    case 'Delete':
    case 'Backspace':
      return null;
    default:
      return undefined;
  }
}
