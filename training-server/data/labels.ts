/** Conversion of a file's scores to training labels. */
import type { DataSource } from '../../core/training/recipe-data.ts';

/** A label rule of the recipe; null there means that of the reward rules, which is resolved before. */
export type LabelRule = NonNullable<Extract<DataSource, { kind: 'jsonl' }>['labels']>;

/** The released labels have six decimals. */
const six = (x: number) => Math.round(x * 1e6) / 1e6;

/** Label of a score: as written, or scaled to 0–100 by the file's range and then MOS/20 or 1 + 4·MOS/100. */
export function labelOf(rule: LabelRule, [low, high]: readonly [number, number], score: number): number {
  if (rule === 'asWritten') return score;
  const share = (score - low) / (high - low);
  return six(rule === 'mosOver20' ? 5 * share : 1 + 4 * share);
}

/** Range of valid labels of a rule; scores outside the file's range fall outside it too. */
export const rangeOf = (rule: LabelRule): readonly [number, number] =>
  rule === 'rescaled1to5' ? [1, 5] : [0, 5];
