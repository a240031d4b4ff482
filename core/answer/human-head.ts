/**
 * The head that predicts human scores from the columns of `core/sampling/human-features.json`: standardised and bounded
 * columns, one hidden layer of several averaged networks. Ours.
 */

/** Largest standardised column. */
const LIMIT = 4;

export interface HumanHead {
  /** Number of clips with human scores that it was fitted on, and their data sets in words. */
  readonly clips: number;
  readonly trainedOn: string;
  /** Of each column: bounds, mean and standard deviation of the training clips. */
  readonly low: Float32Array;
  readonly high: Float32Array;
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** [hidden, columns] */
  readonly innerWeight: Float32Array;
  readonly innerBias: Float32Array;
  readonly outerWeight: Float32Array;
  readonly outerBias: number;
}

/** Estimate of the mean score that people would give. */
export interface HumanEstimate {
  readonly score: number;
  /** 95 % of the test clips had their score within this distance of the estimate. */
  readonly halfWidth: number;
  /** Names of the data sets that the head learnt from. */
  readonly datasets: readonly string[];
}

/**
 * Predicted human score, nominally 1 to 5.
 *
 * @param columns values in the table's order; a missing one (NaN) counts as the training mean
 */
export function humanScore(head: HumanHead, columns: readonly number[]): number {
  const inputs = columns.map((value, i) => {
    if (Number.isNaN(value)) return 0;
    const bounded = Math.min(Math.max(value, head.low[i]!), head.high[i]!);
    return Math.min(Math.max((bounded - head.mean[i]!) / head.deviation[i]!, -LIMIT), LIMIT);
  });
  let score = head.outerBias;
  const count = columns.length;
  for (let j = 0; j < head.innerBias.length; j++) {
    let sum = head.innerBias[j]!;
    for (let i = 0; i < count; i++) sum += head.innerWeight[j * count + i]! * inputs[i]!;
    if (sum > 0) score += head.outerWeight[j]! * sum;
  }
  return score;
}
