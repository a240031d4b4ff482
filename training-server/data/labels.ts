/** From a file's scores to labels of training. */
import type { DataSource } from '../../core/training/recipe-data.ts';

/** A rule of the recipe; null (left to the reward rules) cannot be left open here. */
export type LabelRule = NonNullable<Extract<DataSource, { kind: 'jsonl' }>['labels']>;

/** The released labels have six decimals. */
const six = (x: number) => Math.round(x * 1e6) / 1e6;

/** The label of a score: as written, or brought to 0–100 by the file's range and then MOS/20 or 1 + 4·MOS/100. */
export function labelOf(rule: LabelRule, [low, high]: readonly [number, number], score: number): number {
  if (rule === 'asWritten') return score;
  const share = (score - low) / (high - low);
  return six(rule === 'mosOver20' ? 5 * share : 1 + 4 * share);
}

/** Where labels of a rule must lie: scores outside the file's own range are found by it too. */
export const rangeOf = (rule: LabelRule): readonly [number, number] =>
  rule === 'rescaled1to5' ? [1, 5] : [0, 5];
