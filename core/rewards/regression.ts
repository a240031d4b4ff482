/**
 * Regression reward (eq. 5): a Gaussian of the score's error, and the factor α. Held to the official code by
 * golden/rules/rewards.json and golden/rules/rewards_paper.json: change only with it.
 */
import { lacksPrecision } from '../answer/answer.ts';
import { CodedError } from '../errors.ts';
import type { RewardRules } from './reward-rules.ts';

export interface RegressionReward {
  /** Predicted score minus MOS. */
  readonly error: number;
  /** exp(−error² / (2σ²)). */
  readonly gaussian: number;
  /** True where α applies: always (`scale`), or to fewer than two decimals by the mode's way of counting. */
  readonly penalised: boolean;
  /** α or 1. */
  readonly factor: number;
  readonly reward: number;
}

/**
 * @param score predicted score
 * @param decimals digits after the point as written, for `precisionAsWritten`
 * @throws CodedError `reward/overflow` where the released code raises OverflowError and the rules ask for it
 */
export function regressionReward(
  score: number,
  decimals: number,
  mos: number,
  rules: Pick<RewardRules, 'alphaMode' | 'alpha' | 'sigma' | 'failure'>,
): RegressionReward {
  const error = score - mos;
  if (rules.failure === 'raise' && Number.isFinite(error) && !Number.isFinite(error * error))
    throw new CodedError('reward/overflow', { score, mos, python: 'OverflowError' });
  const gaussian = Math.exp(-(error * error) / (2 * rules.sigma * rules.sigma));
  const penalised =
    rules.alphaMode === 'scale' ||
    (rules.alphaMode === 'precisionOfFloat' ? lacksPrecision(score) : decimals < 2);
  const factor = penalised ? rules.alpha : 1;
  return { error, gaussian, penalised, factor, reward: gaussian * factor };
}
