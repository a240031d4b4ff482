/** Guards: they stop a run that diverges, after `steps` consecutive steps beyond a limit. */
import { CodedError } from '../../core/errors.ts';
import type { GrpoStage } from '../../core/training/recipe-stages.ts';

type Limits = GrpoStage['guards'];
type Values = Readonly<Record<string, number | null>>;

/** Consecutive steps beyond each limit; saved with the checkpoint. */
export interface GuardCounts {
  readonly maxKl: number;
  readonly minEntropy: number;
  readonly maxEntropy: number;
}
export const noGuardCounts: GuardCounts = { maxKl: 0, minEntropy: 0, maxEntropy: 0 };

/** NaN, infinities and null are beyond every limit. */
const beyond = (value: number | null | undefined, passes: (value: number) => boolean): boolean =>
  value !== undefined && (value === null || !Number.isFinite(value) || passes(value));

export function countGuards(counts: GuardCounts, limits: Limits, values: Values): GuardCounts {
  const next = (count: number, limit: number | null, hit: boolean) => (limit !== null && hit ? count + 1 : 0);
  const { kl, entropy } = values;
  const { maxKl, minEntropy, maxEntropy } = limits;
  return {
    maxKl: next(
      counts.maxKl,
      maxKl,
      beyond(kl, (value) => value > maxKl!),
    ),
    minEntropy: next(
      counts.minEntropy,
      minEntropy,
      beyond(entropy, (value) => value < minEntropy!),
    ),
    maxEntropy: next(
      counts.maxEntropy,
      maxEntropy,
      beyond(entropy, (value) => value > maxEntropy!),
    ),
  };
}

/** The error of the guard that fires, else null. `resume` is the step of the last checkpoint. */
export function firedGuard(
  counts: GuardCounts,
  limits: Limits,
  step: number,
  resume: number,
): CodedError | null {
  if (limits.maxKl !== null && counts.maxKl >= limits.steps)
    return new CodedError('train/guard', { kl: limits.maxKl, step, resume });
  if (limits.minEntropy !== null && counts.minEntropy >= limits.steps)
    return new CodedError('train/entropy', { entropy: limits.minEntropy, step, resume });
  if (limits.maxEntropy !== null && counts.maxEntropy >= limits.steps)
    return new CodedError('train/entropy', { entropy: limits.maxEntropy, step, resume });
  return null;
}
