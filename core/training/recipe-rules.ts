/**
 * The reward rules as fields of a recipe: every row of `RewardRules` with its explanation. A recipe names a mode and
 * overrides single rows; the resolved recipe holds all of them. Ours.
 */
import { z } from 'zod';
import type { RewardRules } from '../rewards/reward-rules.ts';

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const count = z.int().min(1);

const temporal = z.strictObject({
  means: z
    .enum(['video', 'process'])
    .describe(
      'Means that eq. 8 compares: over the answers of one video, or over all answers of the process.',
    ),
  precision: z
    .enum(['single', 'double'])
    .describe('Precision of that comparison; single is the released code, where saturated sets tie.'),
  win: z
    .enum(['each', 'both'])
    .describe('Rank and regression decide each on its own, or both must win for a bonus.'),
  bonus: z
    .enum(['all', 'aboveTau'])
    .describe('Who gets the bonus: all K answers (eq. 8; cancels in the advantage) or those above τ.'),
  tauRank: z.number().describe('τ of eq. 8 for the rank reward.'),
  tauRegression: z.number().describe('τ of eq. 8 for the regression reward.'),
  delta: z.number().min(0).describe('δ, the temporal bonus.'),
});

const perturb = z.strictObject({
  over: z
    .enum(['video', 'sampled'])
    .describe('What a perturbation reorders: the whole video, or the frames sampled from it.'),
  window: count.describe('w, frames in a window of the local shuffle.'),
  remainder: z
    .enum(['permuted', 'dropped'])
    .describe('Frames after the last whole window of the local shuffle.'),
  drop: z
    .enum(['removed', 'zeroed'])
    .describe('Dropped frames are cut out, or stay as zeros after normalisation.'),
  scale: z
    .enum(['frames', 'sampled'])
    .describe(
      'Size of jitter, repeats, drops and windows: in frames, or in multiples of max(1, round(L/N)).',
    ),
  redraw: z.boolean().describe('Draw again until the frames that the model sees differ from the clean ones.'),
});

const columns = z.strictObject({
  rank: z.number().min(0).describe('Weight of the rank reward with its bonus; 0 leaves the column out.'),
  regression: z.number().min(0).describe('Weight of the regression reward with its bonus; 0 leaves it out.'),
  format: z.number().min(0).describe('Weight of the format reward; 0 leaves it out.'),
});

const advantage = z.strictObject({
  epsilon: positive.describe(
    'ε in A = (r − mean) / (σ + ε); above 0, or groups of equal rewards divide by it.',
  ),
  deviation: z
    .enum(['sample', 'population'])
    .describe('σ of the K rewards with K − 1 (sample) or K in the denominator.'),
  scale: z
    .enum(['group', 'batch', 'none'])
    .default('group')
    .describe(
      'σ of the advantage: of the K rewards of a video, of all rewards of the step, or no division (TRL: scale_rewards).',
    ),
  order: z
    .enum(['sumThenNormalize', 'normalizeThenSum'])
    .default('sumThenNormalize')
    .describe(
      'The columns are summed and the sum is normalised; or each column is normalised in its group, then their sum in the step (TRL: multi_objective_aggregation).',
    ),
});

/** Rows of contracts "paper, official, ours", one field each. */
export const rewardRulesSchema = z.strictObject({
  alphaMode: z
    .enum(['scale', 'precisionOfFloat', 'precisionAsWritten'])
    .describe(
      'Where α applies: to every answer, or to one with fewer than two decimals (of the float, or as written).',
    ),
  alpha: share.describe('α, factor of the regression reward.'),
  sigma: positive.describe('σ of the Gaussian of eq. 5, in score units.'),
  rankOpponents: z
    .union([z.literal('batch'), z.strictObject({ processVideos: z.int().min(2) })])
    .describe(
      'Opponents in the rank reward: all videos of the step, or those of a process of so many videos.',
    ),
  scoreVariance: z.enum(['sample', 'population']).describe('Variance of one video’s scores in p_k.'),
  varianceOfOne: z
    .enum(['undefined', 'zero'])
    .describe('Sample variance of a single score: undefined (p = 0.5, released code) or 0.'),
  pairEpsilon: positive.describe('ε in sqrt(var_i + var_j + ε) and under the roots of eq. 6.'),
  equalMos: z.enum(['neither', 'half']).describe('Eq. 6 for equal MOS: both indicators 0, or both 0.5.'),
  rankTruth: z
    .enum(['mos', 'votes'])
    .default('mos')
    .describe(
      'Order of two videos in eq. 6: by their MOS, or by the majority of the model’s own scores, which needs no labels.',
    ),
  columns: columns.describe('Weights of the columns in the sum of eq. 10; ablations put 0.'),
  reasoning: z
    .boolean()
    .describe('Answers are asked to reason first; false asks for the score alone and rewards that form.'),
  temporalOn: z.boolean().describe('Completions of a perturbed copy are generated and compared (eq. 8).'),
  temporal: temporal.describe('How the temporal reward decides.'),
  perturbDraw: z
    .enum(['video', 'answer'])
    .describe('One perturbation for the K answers of a video, or one for each answer.'),
  perturb: perturb.describe('How a video is perturbed.'),
  labels: z
    .enum(['rescaled1to5', 'mosOver20'])
    .describe('Scale of the labels: 1 + 4·MOS/100, or MOS/20 as the released labels (0 to 5).'),
  parse: z
    .enum(['paper', 'official', 'ours'])
    .describe(
      'Which number of an answer is its score; ours wants one block with a number of the scale and no more.',
    ),
  unreadable: z
    .enum(['zero', 'drawn'])
    .describe('An answer without a score: rewards 0, or a random integer 1 to 5 drawn by each reward.'),
  failure: z
    .enum(['raise', 'zero'])
    .describe('Where the released code stops with an exception: stop, or reward 0.'),
  advantage: advantage.describe('Group-relative advantage (eq. 2).'),
  temperature: positive.describe('Temperature of the rollouts.'),
  topK: count.nullable().describe('Rollouts draw from the k likeliest tokens; null = from all.'),
  videosPerStep: count.describe('Videos in one rollout and update, over all GPUs.'),
  frozenBatchNorm: z
    .enum(['eval', 'train'])
    .describe(
      'Batch norm of the motion extractor while its weights are frozen; train drifts, as the released code.',
    ),
}) satisfies z.ZodType<RewardRules>;

/** Rows that a recipe overrides; the others come from the mode. */
export const rewardOverridesSchema = rewardRulesSchema.partial().extend({
  temporal: temporal.partial().describe('Overrides of how the temporal reward decides.').optional(),
  perturb: perturb.partial().describe('Overrides of how a video is perturbed.').optional(),
  columns: columns.partial().describe('Overrides of the weights of the reward columns.').optional(),
  advantage: advantage.partial().describe('Overrides of the advantage.').optional(),
});
type RewardOverrides = z.infer<typeof rewardOverridesSchema>;

/** The mode's rows with a recipe's own put over them. */
export function withOverrides(rules: RewardRules, overrides: RewardOverrides): RewardRules {
  return rewardRulesSchema.parse({
    ...rules,
    ...overrides,
    temporal: { ...rules.temporal, ...overrides.temporal },
    perturb: { ...rules.perturb, ...overrides.perturb },
    columns: { ...rules.columns, ...overrides.columns },
    advantage: { ...rules.advantage, ...overrides.advantage },
  });
}
