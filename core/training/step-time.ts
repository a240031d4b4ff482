/** Duration of a step, and the estimated remaining time. Ours. */
import type { Run } from './run.ts';

/** Metric records: their steps, and their times in seconds. */
interface StepTimes {
  readonly steps: ArrayLike<number>;
  readonly times: ArrayLike<number>;
}

/** Steps over which the mean is taken. */
const WINDOW = 30;

/** Median of the last steps in seconds, which a pause or an evaluation among them does not move; null before the second. */
export function stepSeconds({ steps, times }: StepTimes): number | null {
  const from = Math.max(1, steps.length - WINDOW);
  const each: number[] = [];
  for (let i = from; i < steps.length; i += 1)
    each.push((times[i]! - times[i - 1]!) / Math.max(1, steps[i]! - steps[i - 1]!));
  if (each.length === 0) return null;
  return each.sort((a, b) => a - b)[each.length >> 1]!;
}

/** Null where it is not known: no count of steps, or no step measured. */
export function secondsLeft(
  { step, steps }: Pick<Run, 'step' | 'steps'>,
  perStep: number | null,
): number | null {
  if (steps === null || perStep === null || step >= steps) return null;
  return (steps - step) * perStep;
}
