/**
 * Differences between the paper, the released code and this project in the rewards, each one field of an object. A
 * mode is a row of values; no reward function branches on the name of a mode. Held to the official code by
 * golden/rules/rewards.json and golden/rules/rewards_paper.json: change only with it.
 */
import { type PerturbRules, perturbRules } from '../sampling/perturb.ts';

export interface RewardRules {
  /**
   * Where the factor α applies to the regression reward: to every answer (`scale`), or only to one with fewer than two
   * decimals, counted on the shortest print of the float (`precisionOfFloat`: "3.50" is penalised) or on the digits as
   * written (`precisionAsWritten`: "3.50" is not).
   */
  readonly alphaMode: 'scale' | 'precisionOfFloat' | 'precisionAsWritten';
  readonly alpha: number;
  /** σ of the Gaussian of eq. 5, in score units. */
  readonly sigma: number;
  /** Opponents of a video in the rank reward: all others of the global batch, or of its process of so many videos. */
  readonly rankOpponents: 'batch' | { readonly processVideos: number };
  /** Variance of the scores of one video in p_k: divided by K − 1 or by K. */
  readonly scoreVariance: 'sample' | 'population';
  /** Sample variance of a single score: undefined (then p = 0.5, as the released code) or 0. */
  readonly varianceOfOne: 'undefined' | 'zero';
  /** ε in sqrt(var_i + var_j + ε) and under both roots of eq. 6. */
  readonly pairEpsilon: number;
  /** Eq. 6 for a pair of equal MOS: both indicators 0, or both 0.5. */
  readonly equalMos: 'neither' | 'half';
  /**
   * The indicators of eq. 6 come from the MOS, or from a vote of the model: the K × K comparisons of the scores of two
   * videos, a tie for both; the majority stands for the larger MOS. The votes of EvoQuality (arXiv 2509.25787), taken
   * over drawn scores instead of answers to a question about the pair, and anew in every step.
   */
  readonly rankTruth: 'mos' | 'votes';
  /** Weights of the columns in the sum of eq. 10; an ablation puts 0. */
  readonly columns: { readonly rank: number; readonly regression: number; readonly format: number };
  /** Answers are asked to reason first: decides the end of the prompt and the form that eq. 4 rewards. */
  readonly reasoning: boolean;
  readonly temporalOn: boolean;
  readonly temporal: {
    /** Means compared: over the answers of one video, or over all answers of the process. */
    readonly means: 'video' | 'process';
    /** `single` compares them as float32, the dtype of the released code: sets that saturate tie, and the raw one wins. */
    readonly precision: 'single' | 'double';
    /** Each reward decides for itself, or both must win. */
    readonly win: 'each' | 'both';
    /** Answers that get the bonus: every answer of the group (eq. 8; cancels in the advantage), or those above τ. */
    readonly bonus: 'all' | 'aboveTau';
    /** τ of eq. 8. With `bonus: 'all'` the mean must pass it, with `aboveTau` the answer's own reward. */
    readonly tauRank: number;
    readonly tauRegression: number;
    /** δ, the bonus. */
    readonly delta: number;
  };
  /** One perturbation for the K answers of a video, or one for each answer. */
  readonly perturbDraw: 'video' | 'answer';
  /** Perturbation of a video. */
  readonly perturb: PerturbRules;
  /** Scale of the labels in training. */
  readonly labels: 'rescaled1to5' | 'mosOver20';
  /** Number of a completion that is the score; the readings themselves are in `answer.ts`. */
  readonly parse: 'paper' | 'official' | 'ours';
  /** An answer without a score: score rewards and bonus 0, or a random integer 1–5, drawn anew by each reward. */
  readonly unreadable: 'zero' | 'drawn';
  /** Where the released code stops with an exception (no opponent, a square past the largest double): raise, or reward 0. */
  readonly failure: 'raise' | 'zero';
  /** A = (r − mean) / (σ + ε). */
  readonly advantage: AdvantageRules;
  /** Sampling of the rollouts; topK null = off. */
  readonly temperature: number;
  readonly topK: number | null;
  /** Videos in one update. */
  readonly videosPerStep: number;
  /** Batch norm of the motion extractor while its weights are frozen. */
  readonly frozenBatchNorm: 'eval' | 'train';
}

export interface AdvantageRules {
  readonly epsilon: number;
  readonly deviation: 'sample' | 'population';
  /** σ of the group, of all rewards of the batch, or none: A = r − mean. TRL's `scale_rewards`. */
  readonly scale: 'group' | 'batch' | 'none';
  /**
   * Columns are summed and the sum is normalised; or each column is normalised in its group, and the sum of them over the
   * batch. TRL's `multi_objective_aggregation`.
   */
  readonly order: 'sumThenNormalize' | 'normalizeThenSum';
}

export type RewardMode = 'paper' | 'official' | 'ours';

const official: RewardRules = {
  alphaMode: 'precisionOfFloat',
  alpha: 0.8,
  sigma: 0.5,
  rankOpponents: { processVideos: 2 },
  scoreVariance: 'sample',
  varianceOfOne: 'undefined',
  pairEpsilon: 1e-6,
  equalMos: 'half',
  rankTruth: 'mos',
  columns: { rank: 1, regression: 1, format: 1 },
  reasoning: true,
  temporalOn: false,
  temporal: {
    means: 'process',
    precision: 'single',
    win: 'each',
    bonus: 'aboveTau',
    tauRank: 0.5,
    tauRegression: 0.9,
    delta: 0.3,
  },
  perturbDraw: 'answer',
  perturb: perturbRules.official,
  labels: 'mosOver20',
  parse: 'official',
  unreadable: 'drawn',
  failure: 'raise',
  advantage: { epsilon: 1e-4, deviation: 'sample', scale: 'group', order: 'sumThenNormalize' },
  temperature: 1,
  topK: 50,
  videosPerStep: 32,
  frozenBatchNorm: 'train',
};

export const RULES: Readonly<Record<RewardMode, RewardRules>> = {
  paper: {
    ...official,
    alphaMode: 'scale',
    rankOpponents: 'batch',
    varianceOfOne: 'zero',
    equalMos: 'neither',
    temporalOn: true,
    temporal: {
      means: 'video',
      precision: 'double',
      win: 'each',
      bonus: 'all',
      tauRank: 0.5,
      tauRegression: 0.5,
      delta: 0.3,
    },
    perturbDraw: 'video',
    perturb: perturbRules.paper,
    labels: 'rescaled1to5',
    parse: 'paper',
    unreadable: 'zero',
    failure: 'zero',
    temperature: 0.9,
    videosPerStep: 64,
    frozenBatchNorm: 'eval',
  },
  official,
  ours: {
    ...official,
    alphaMode: 'precisionAsWritten',
    rankOpponents: 'batch',
    varianceOfOne: 'zero',
    temporalOn: true,
    temporal: { ...official.temporal, means: 'video' },
    perturbDraw: 'video',
    perturb: perturbRules.ours,
    parse: 'ours',
    unreadable: 'zero',
    failure: 'zero',
    topK: null,
    videosPerStep: 64,
    frozenBatchNorm: 'eval',
  },
};

/** The first published version of the released code: both means must win, and only the rank column gets the bonus. */
export const FIRST_RELEASE: RewardRules = {
  ...official,
  temporalOn: true,
  temporal: { ...official.temporal, win: 'both', tauRegression: Number.POSITIVE_INFINITY },
};
