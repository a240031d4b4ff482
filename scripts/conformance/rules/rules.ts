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
import {
  checkMosLevels,
  checkQbench,
  checkStall,
  checkVqa2Frames,
  checkVqa2Levels,
  checkVqa2Metrics,
  isVqa2,
} from './vqa2.ts';
import { checkFacts, checkPrompts, checkRecords } from './vqa2-text.ts';

/**
 * The parsed file in, the report out. A file of another shape throws (TypeError, CodedError): the caller says so and
 * counts it as a miss.
 */
export const ruleChecks: Readonly<Record<string, (json: unknown) => ConformanceReport>> = {
  'frames.json': (json) =>
    isVqa2('frames.json', json) ? checkVqa2Frames(json) : checkFrames(json as FramesFile),
  'perturb.json': (json) => checkPerturb(json as PerturbFile),
  'parse.json': (json) => checkParse(json as ParseFile),
  'rewards.json': (json) => checkRewards(json as RewardsFile),
  'rewards_paper.json': (json) => checkRewardsPaper(json as RewardsPaperFile),
  'grpo_loss.json': (json) => checkGrpoLoss(json as GrpoLossFile),
  'metrics.json': (json) =>
    isVqa2('metrics.json', json) ? checkVqa2Metrics(json) : checkMetrics(json as MetricsFile),
  'levels.json': (json) =>
    isVqa2('levels.json', json) ? checkVqa2Levels(json) : checkLevels(json as LevelsFile),
  'mos_levels.json': checkMosLevels,
  'stall.json': checkStall,
  'qbench.json': checkQbench,
  'prompts.json': checkPrompts,
  'records.json': checkRecords,
  'facts.json': checkFacts,
};
