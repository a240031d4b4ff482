/** `vqathinker/core`: the rules of the method as pure functions, for browsers, Node and other runtimes. */
export {
  readAsOfficialTest,
  readAsOfficialTrain,
  readStrictly,
  type ScoreRange,
  type StrictReading,
} from '../core/answer/answer.ts';
export { type AnswerView, viewAnswer } from '../core/answer/answer-stream.ts';
export { type Band, bandOf, bands, type Grade } from '../core/answer/grades.ts';
export { type HumanEstimate, type HumanHead, humanScore } from '../core/answer/human-head.ts';
export { type Level, type LevelScore, levelScore, levels, mosToLevel } from '../core/answer/levels.ts';
export {
  type DistortionMark,
  type Distortions,
  distortionLabel,
  distortionsOf,
  findDistortions,
} from '../core/answer/lexicon.ts';
export { findTimes, type Timeline, type TimeMark } from '../core/answer/phrases.ts';
export { CodedError, type CodedErrorData, type ErrorParams, isAbort } from '../core/errors.ts';
export { type Cell, csvLine, type ScoreRow, scoreCsv } from '../core/files/csv.ts';
export { readVmafLog, type VmafLog } from '../core/files/vmaf-log.ts';
export { type GroupAdvantage, groupAdvantage } from '../core/rewards/advantage.ts';
export {
  type AdvantageRules,
  type RewardMode,
  type RewardRules,
  RULES,
} from '../core/rewards/reward-rules.ts';
export {
  type AnsweredVideo,
  batchRewards,
  readForReward,
  type VideoRewards,
} from '../core/rewards/rewards.ts';
export {
  goldenRatioIndices,
  motionIndices,
  sampledIndices,
  samplePlan,
  uniformIndices,
} from '../core/sampling/frame-sampling.ts';
export { type Perturbation, type PerturbMode, perturb, perturbedOrder } from '../core/sampling/perturb.ts';
export { builtInProfiles, type Profile, profileOf, type SamplingRule } from '../core/sampling/profiles.ts';
export { type Segment, segmentsOf } from '../core/sampling/timeline-segments.ts';
export { krcc, type Metric, mae, plcc, rmse, srcc } from '../core/stats/correlation.ts';
export { type MetricSummary, psnr, summariseMetrics } from '../core/stats/full-reference.ts';
export { type Interval, meanInterval } from '../core/stats/interval.ts';
export { fitLogistic, type Logistic, logisticAt } from '../core/stats/logistic.ts';
export { type Preference, preference } from '../core/stats/preference.ts';
export { errorMessage } from '../core/text/error-messages.ts';
export type { Lang } from '../core/text/lang.ts';
export { type MediaNotice, mediaNoticeText } from '../core/text/media-notices.ts';
