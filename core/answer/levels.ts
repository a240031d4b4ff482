/**
 * Score of VQA² from the logits of the five level words, at the position of the answer's first word. Held to the
 * official code by golden/rules/levels.json: change only with it.
 */

/** Best to worst, the order of the logits everywhere. */
export const levels = ['high', 'good', 'fair', 'poor', 'low'] as const;
export type Level = (typeof levels)[number];

/** Weights of the paper; the score lies in [0, 1]. */
const PAPER_WEIGHTS: readonly number[] = [1, 0.75, 0.5, 0.25, 0];
/** Weights of the latest scoring scripts: 0.8 · paper + 0.2, the same order of videos. */
const SCRIPT_WEIGHTS: readonly number[] = [1, 0.8, 0.6, 0.4, 0.2];

export interface LevelScore {
  /** Softmax over the five logits only, in the order of `levels`. */
  readonly probabilities: readonly number[];
  /** By the paper's weights, in [0, 1]. */
  readonly score: number;
  /** 100 · score, as the page shows it. */
  readonly percent: number;
  /** By the weights of the scripts, in [0.2, 1]. */
  readonly scriptScore: number;
  /** The likeliest level, the better one on a tie. */
  readonly level: Level;
  /** Standard deviation of the weight under the probabilities. */
  readonly spread: number;
  /** In nats, from 0 to ln 5. */
  readonly entropy: number;
}

/**
 * @param logits five, in the order of `levels`; −∞ is a probability of 0
 * @returns null where no distribution follows: a NaN, a +∞, or nothing but −∞
 */
export function levelScore(logits: readonly number[]): LevelScore | null {
  const top = Math.max(...logits);
  if (logits.length !== levels.length || !Number.isFinite(top)) return null;
  const powers = logits.map((logit) => Math.exp(logit - top));
  const total = powers.reduce((sum, power) => sum + power, 0);
  const probabilities = powers.map((power) => power / total);
  const expect = (of: (i: number) => number) => probabilities.reduce((sum, p, i) => sum + p * of(i), 0);
  const score = expect((i) => PAPER_WEIGHTS[i]!);
  const best = probabilities.indexOf(Math.max(...probabilities));
  return {
    probabilities,
    score,
    percent: 100 * score,
    scriptScore: expect((i) => SCRIPT_WEIGHTS[i]!),
    level: levels[best]!,
    spread: Math.sqrt(expect((i) => (PAPER_WEIGHTS[i]! - score) ** 2)),
    entropy: probabilities.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0),
  };
}

/**
 * Level of a MOS: five equal bins of its scale (low, poor, fair, good, high), closed below; the top belongs to the last.
 * Null outside the scale.
 *
 * @param low, high ends of the scale, by default 0 and 100
 */
export function mosToLevel(mos: number, low = 0, high = 100): Level | null {
  if (!(mos >= low && mos <= high)) return null;
  return levels[4 - Math.min(4, Math.floor((mos - low) / ((high - low) / 5)))]!;
}
