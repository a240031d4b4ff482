/** The check of every file of rules, by the file's name. */
import { checkFrames, type FramesFile } from './frames.ts';
import { checkGrpoLoss, type GrpoLossFile } from './grpo-loss.ts';
import { checkLevels, type LevelsFile } from './levels.ts';
import { checkMetrics, type MetricsFile } from './metrics.ts';
import { checkParse, type ParseFile } from './parse.ts';
import { checkPerturb, type PerturbFile } from './perturb.ts';
import type { ConformanceReport } from './report.ts';
import { checkRewards, type RewardsFile } from './rewards.ts';
import { checkRewardsPaper, type RewardsPaperFile } from './rewards-paper.ts';

/**
 * The parsed file in, the report out. A file of another shape throws (TypeError, CodedError): the caller says so and
 * counts it as a miss.
 */
export const ruleChecks: Readonly<Record<string, (json: unknown) => ConformanceReport>> = {
  'frames.json': (json) => checkFrames(json as FramesFile),
  'perturb.json': (json) => checkPerturb(json as PerturbFile),
  'parse.json': (json) => checkParse(json as ParseFile),
  'rewards.json': (json) => checkRewards(json as RewardsFile),
  'rewards_paper.json': (json) => checkRewardsPaper(json as RewardsPaperFile),
  'grpo_loss.json': (json) => checkGrpoLoss(json as GrpoLossFile),
  'metrics.json': (json) => checkMetrics(json as MetricsFile),
  'levels.json': (json) => checkLevels(json as LevelsFile),
};
