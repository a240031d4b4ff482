/** Limits that a scored file has to hold. */
import { type GateFailure, type Scored, shownScore } from '../node/rows.ts';

export interface Gates {
  readonly min: number | null;
  readonly maxDrop: number | null;
}

/** Without the error of binary fractions: 3.2 − 3 is no more than 0.2. */
const rounded = (value: number) => Math.round(value * 1e6) / 1e6;

/**
 * The gates that a file does not pass. A file without a readable score passes none.
 *
 * The limits are on the scale that is shown: that of the calibration, where there is one.
 *
 * @param reference score of the file of the same name in the reference folder; null without one
 */
export function failedGates(
  row: Pick<Scored, 'score' | 'calibrated'>,
  gates: Gates,
  reference: number | null,
): GateFailure[] {
  const score = shownScore(row);
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
