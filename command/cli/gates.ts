/** Limits that a scored file has to hold. */
import type { GateFailure, Scored } from '../node/rows.ts';

export interface Gates {
  readonly min: number | null;
  readonly maxDrop: number | null;
}

/** Scores have two decimals; a difference is compared with two. */
const rounded = (value: number) => Math.round(value * 100) / 100;

/**
 * The gates that a file does not pass. A file without a readable score passes none.
 *
 * @param reference score of the file of the same name in the reference folder; null without one
 */
export function failedGates(
  { score }: Pick<Scored, 'score'>,
  gates: Gates,
  reference: number | null,
): GateFailure[] {
  const failed: GateFailure[] = [];
  if (gates.min !== null && (score === null || score < gates.min))
    failed.push({ gate: 'min', limit: gates.min });
  if (
    gates.maxDrop !== null &&
    reference !== null &&
    (score === null || rounded(reference - score) > gates.maxDrop)
  )
    failed.push({ gate: 'max-drop', limit: gates.maxDrop, reference });
  return failed;
}
