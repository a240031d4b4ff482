/**
 * The GRPO loss on log-probabilities (eq. 2–3), as numbers: the tensors of the engine are tested against it, and the
 * page shows it. All lists are [sequence][token]. Held to the official code by golden/rules/grpo_loss.json and
 * golden/rules/rewards_paper.json: change only with it.
 */
import { CodedError } from '../errors.ts';

/** Aggregation of per-token losses to one number; the names are TRL's. */
export const lossTypes = ['grpo', 'bnpo', 'dr_grpo', 'dapo'] as const;
/**
 * Losses that the engine trains with: those above, `gspo` (`grpo` with one ratio a completion), `cispo` and `sapo`, whose
 * ratios are not clipped; the last two are not computed here.
 */
export const policyLosses = [...lossTypes, 'gspo', 'cispo', 'sapo'] as const;
export type LossType = (typeof lossTypes)[number];

interface ClipSettings {
  /** The ratio is clipped to [1 − low, 1 + high]. */
  readonly epsilonLow: number;
  readonly epsilonHigh: number;
  /** Upper bound of the ratio in the branch that is not clipped; null = none. */
  readonly delta: number | null;
}

export interface LossSettings extends ClipSettings {
  /** β, weight of the KL term; 0 leaves it out. */
  readonly beta: number;
  /** Multiplies k3 by the ratio, so that its gradient is unbiased off policy. The released code does not. */
  readonly biasCorrectedKl: boolean;
  /** One ratio a token, or one a sequence (the exponential of its mean log-ratio). */
  readonly importance: 'token' | 'sequence';
}

/** Divisors of the loss types, beyond the mask. */
export interface Normalisation {
  /** Micro-batches in one optimiser step. */
  readonly gradientAccumulation: number;
  /** `dapo`: micro-batches in one generation, processes, completion tokens of the whole generation batch. */
  readonly stepsPerGeneration: number;
  readonly processes: number;
  readonly itemsInBatch: number;
  /** `dr_grpo`: the constant length. */
  readonly maxCompletionLength: number;
  /** Sequence without tokens: divides by 1 (TRL), or by 0, which gives NaN (released code). */
  readonly emptySequence: 'one' | 'zero';
}

export interface LossBatch {
  /** Log-probabilities of the sampled tokens under the policy that is trained. */
  readonly policy: readonly (readonly number[])[];
  /** Under the policy that sampled; null = the trained one itself, detached (ratio 1, gradient as usual). */
  readonly old: readonly (readonly number[])[] | null;
  /** Under the frozen reference; null only with β = 0. */
  readonly ref: readonly (readonly number[])[] | null;
  /** 1 on completion tokens up to and including the first end token. */
  readonly mask: readonly (readonly number[])[];
  /** One a sequence. */
  readonly advantages: readonly number[];
}

/** Value and derivative by the policy's log-probability. */
interface TokenKl {
  readonly value: number;
  readonly slope: number;
}

/** k3 = e^d − d − 1 with d = log π_ref − log π: never negative, unbiased under the policy's own samples. */
export function k3(policy: number, ref: number): TokenKl {
  const d = ref - policy;
  return { value: Math.exp(d) - d - 1, slope: 1 - Math.exp(d) };
}

interface Surrogate {
  readonly ratio: number;
  readonly clippedRatio: number;
  /** min(ratio·A, clipped·A), to be maximised. */
  readonly value: number;
  /** Derivative by the log-ratio. Where both branches are equal each carries half. */
  readonly slope: number;
  /** The bound that binds, if one does. */
  readonly clipped: 'low' | 'high' | null;
}

/** The clipped surrogate of eq. 3 for one log-ratio log π − log π_old. */
export function clippedSurrogate(logRatio: number, advantage: number, settings: ClipSettings): Surrogate {
  const ratio = Math.exp(logRatio);
  const [low, high] = [1 - settings.epsilonLow, 1 + settings.epsilonHigh];
  const clippedRatio = Math.min(Math.max(ratio, low), high);
  const bounded = settings.delta === null ? ratio : Math.min(ratio, settings.delta);
  const [free, clamped] = [bounded * advantage, clippedRatio * advantage];
  // A clamp passes the gradient on its bounds, too.
  const freeSlope = bounded === ratio ? free : 0;
  const clampedSlope = ratio >= low && ratio <= high ? clamped : 0;
  const slope = free < clamped ? freeSlope : free > clamped ? clampedSlope : (freeSlope + clampedSlope) / 2;
  const clipped = bounded < low && advantage < 0 ? 'low' : bounded > high && advantage > 0 ? 'high' : null;
  return { ratio, clippedRatio, value: Math.min(free, clamped), slope, clipped };
}

interface TokenLosses {
  /** Before masking and aggregation, KL included. */
  readonly loss: readonly (readonly number[])[];
  /** As added, bias correction included; 0 with β = 0. */
  readonly kl: readonly (readonly number[])[];
  readonly surrogate: readonly (readonly Surrogate[])[];
}

/** Derivatives of one token's loss: directly by its log-probability, and by the log-ratio that it uses. */
interface Slopes {
  readonly direct: number;
  readonly byLogRatio: number;
}

interface Worked extends TokenLosses {
  readonly slopes: readonly (readonly Slopes[])[];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const tokensOf = (mask: readonly number[]): number => Math.max(sum(mask), 1);

function work(batch: LossBatch, settings: LossSettings): Worked {
  const rows = batch.policy.map((policy, b) => {
    const old = batch.old?.[b] ?? policy;
    const mask = batch.mask[b]!;
    const logRatios = policy.map((logp, t) => logp - old[t]!);
    const shared = sum(logRatios.map((value, t) => value * mask[t]!)) / tokensOf(mask);
    return policy.map((logp, t) => {
      const logRatio = settings.importance === 'token' ? logRatios[t]! : shared;
      const surrogate = clippedSurrogate(logRatio, batch.advantages[b]!, settings);
      if (settings.beta === 0)
        return {
          surrogate,
          kl: 0,
          loss: -surrogate.value,
          slopes: { direct: 0, byLogRatio: -surrogate.slope },
        };
      const reference = batch.ref?.[b]?.[t];
      if (reference === undefined) throw new CodedError('grpo/no-reference', { beta: settings.beta });
      const plain = k3(logp, reference);
      const weight = settings.biasCorrectedKl ? surrogate.ratio : 1;
      const kl = plain.value * weight;
      const slopes = {
        direct: settings.beta * plain.slope * weight,
        byLogRatio: (settings.biasCorrectedKl ? settings.beta * kl : 0) - surrogate.slope,
      };
      return { surrogate, kl, loss: settings.beta * kl - surrogate.value, slopes };
    });
  });
  return {
    loss: rows.map((row) => row.map((token) => token.loss)),
    kl: rows.map((row) => row.map((token) => token.kl)),
    surrogate: rows.map((row) => row.map((token) => token.surrogate)),
    slopes: rows.map((row) => row.map((token) => token.slopes)),
  };
}

/** @throws CodedError `grpo/no-reference` with β > 0 and no reference log-probabilities */
function tokenLosses(batch: LossBatch, settings: LossSettings): TokenLosses {
  const { loss, kl, surrogate } = work(batch, settings);
  return { loss, kl, surrogate };
}

/** Weight of every token's loss: the loss is the sum of weight · loss. */
export function lossWeights(type: LossType, mask: LossBatch['mask'], n: Normalisation): number[][] {
  const tokens = sum(mask.map(sum));
  const perToken = (row: readonly number[]): number => {
    switch (type) {
      case 'grpo':
        return (
          1 / (n.emptySequence === 'one' ? tokensOf(row) : sum(row)) / mask.length / n.gradientAccumulation
        );
      case 'bnpo':
        return 1 / Math.max(tokens, 1) / n.gradientAccumulation;
      case 'dr_grpo':
        return 1 / (mask.length * n.maxCompletionLength) / n.gradientAccumulation;
      case 'dapo':
        return (n.processes * n.stepsPerGeneration) / (Math.max(n.itemsInBatch, 1) * n.gradientAccumulation);
    }
  };
  return mask.map((row) => row.map((one) => one * perToken(row)));
}

interface GrpoLoss extends TokenLosses {
  readonly value: number;
  /** d value / d policy. */
  readonly gradient: readonly (readonly number[])[];
}

/** The loss and its gradient with respect to the policy's log-probabilities. */
export function grpoLoss(
  batch: LossBatch,
  settings: LossSettings,
  type: LossType,
  normalisation: Normalisation,
): GrpoLoss {
  const { slopes, ...tokens } = work(batch, settings);
  const weights = lossWeights(type, batch.mask, normalisation);
  // 0 · ∞ of a padded position must not reach the sum; NaN weights (empty sequence, released code) must.
  const weighted = (weight: number, value: number) => (weight === 0 ? 0 : weight * value);
  const value = sum(
    weights.map((row, b) => sum(row.map((weight, t) => weighted(weight, tokens.loss[b]![t]!)))),
  );
  const gradient = weights.map((row, b) => {
    const mask = batch.mask[b]!;
    const shared = sum(row.map((weight, t) => weighted(weight, slopes[b]![t]!.byLogRatio))) / tokensOf(mask);
    return row.map((weight, t) => {
      const { direct, byLogRatio } = slopes[b]![t]!;
      return settings.importance === 'token'
        ? weighted(weight, direct + byLogRatio)
        : weighted(weight, direct) + weighted(mask[t]!, shared);
    });
  });
  return { ...tokens, value, gradient };
}

interface LossMetrics {
  /** Mean k3 over the masked tokens, as added to the loss; null with β = 0. */
  readonly kl: number | null;
  /** Share of the masked tokens (of the sequences, with `importance: 'sequence'`) where a bound binds. */
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly clipRegion: number;
  /** Smallest share of one sequence at the lower bound, largest at the upper. */
  readonly clipLowMin: number;
  readonly clipHighMax: number;
}

/** TRL's metrics of one batch on one process. */
export function lossMetrics(batch: LossBatch, settings: LossSettings): LossMetrics {
  const { kl, surrogate } = tokenLosses(batch, settings);
  const tokens = Math.max(sum(batch.mask.map(sum)), 1);
  const overTokens = (of: (b: number, t: number) => number) =>
    sum(batch.mask.map((row, b) => sum(row.map((one, t) => (one === 0 ? 0 : of(b, t)))))) / tokens;
  const binds = (side: 'low' | 'high', b: number, t: number) => (surrogate[b]![t]!.clipped === side ? 1 : 0);
  const shareOf = (side: 'low' | 'high', row: readonly number[], b: number) =>
    settings.importance === 'token'
      ? sum(row.map((one, t) => one * binds(side, b, t))) / tokensOf(row)
      : binds(side, b, 0);
  const low = batch.mask.map((row, b) => shareOf('low', row, b));
  const high = batch.mask.map((row, b) => shareOf('high', row, b));
  const overall = (side: 'low' | 'high', shares: readonly number[]) =>
    settings.importance === 'token' ? overTokens((b, t) => binds(side, b, t)) : sum(shares) / shares.length;
  const [clipLow, clipHigh] = [overall('low', low), overall('high', high)];
  return {
    kl: settings.beta === 0 ? null : overTokens((b, t) => kl[b]![t]!),
    clipLow,
    clipHigh,
    clipRegion: clipLow + clipHigh,
    clipLowMin: Math.min(...low),
    clipHighMax: Math.max(...high),
  };
}
