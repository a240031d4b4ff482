/** `rewards.json`: the released reward functions and trainer lines. */

import { CodedError } from '../../../core/errors.ts';
import { FIRST_RELEASE, type RewardRules, RULES } from '../../../core/rewards/reward-rules.ts';
import type { DrawInteger, VideoRewards } from '../../../core/rewards/rewards.ts';
import { batchRewards, readForReward } from '../../../core/rewards/rewards.ts';
import { type ConformanceReport, goldenNumbers, type Tally, tally, type Written } from './report.ts';

interface GoldenTemporal {
  readonly rank: Written;
  readonly reg: Written;
  readonly reward: Written;
  readonly advantage: Written;
}

interface GoldenColumns {
  readonly rank: Written;
  readonly reg: Written;
  readonly format: Written;
  readonly pert_rank: Written;
  readonly pert_reg: Written;
  readonly pert_format: Written;
  readonly off: { readonly reward: Written; readonly advantage: Written };
  readonly head: GoldenTemporal & {
    readonly rank_mean: Written;
    readonly reg_mean: Written;
    readonly rank_won: boolean;
    readonly reg_won: boolean;
  };
  readonly legacy: GoldenTemporal & { readonly both_won: boolean };
}

interface GoldenParsed {
  readonly raw_rank: Written;
  readonly raw_reg: Written;
  readonly perturbed_rank: Written;
  readonly perturbed_reg: Written;
}

export interface RewardsFile {
  readonly header?: { readonly f32_advantage_max_difference?: Readonly<Record<string, number>> };
  readonly cases: readonly {
    readonly id: string;
    readonly K: number;
    readonly videos: number;
    readonly mos: readonly string[];
    readonly raw: readonly (readonly string[])[];
    readonly perturbed: readonly (readonly string[])[];
    readonly draws?: readonly { readonly value: number }[];
    readonly parsed?: GoldenParsed;
    readonly near_tie?: boolean;
    readonly f64?: GoldenColumns;
    readonly f32?: GoldenColumns;
    readonly error?: string;
  }[];
}

/** Limits of one dtype; an advantage has one that depends on how far 1/σ magnifies. */
interface Limits {
  readonly rank: number;
  readonly regression: number;
  readonly reward: number;
  readonly advantage: (std: number) => number;
}

const doubles: Limits = { rank: 1e-12, regression: 1e-12, reward: 1e-12, advantage: () => 1e-12 };

/** Of the file's header, plus half a unit of the last printed place of an advantage of up to 8. */
function singles(stated: Readonly<Record<string, number>> = {}): Limits {
  const [wide, narrow] = [stated['std>=1e-2'] ?? 1.2e-5, stated['std>=1e-4'] ?? 6.4e-4];
  // Below 1e-5 the rounding of float32 is as large as the deviation itself: nothing to compare.
  const advantage = (std: number) =>
    std >= 1e-2 ? wide + 1e-6 : std < 1e-5 ? Number.POSITIVE_INFINITY : narrow + 1e-6;
  return { rank: 2e-5, regression: 1e-6, reward: 2e-5, advantage };
}

function attempt<T>(run: () => T): T | { python: string } {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof CodedError) return { python: String(thrown.params.python) };
    throw thrown;
  }
}

/** The released code, with double means, all videos in one process, and the draws as they were. */
function released(videos: number, rules: RewardRules, temporalOn: boolean): RewardRules {
  const temporal = { ...rules.temporal, precision: 'double' as const };
  return { ...rules, rankOpponents: { processVideos: videos }, temporalOn, temporal };
}

function compareAdvantage(
  t: Tally,
  label: string,
  videos: readonly VideoRewards[],
  golden: Written,
  limits: Limits,
): void {
  const numbers = goldenNumbers(golden);
  let at = 0;
  for (const [i, video] of videos.entries()) {
    const { values, std } = video.advantage;
    const want = numbers.slice(at, at + values.length);
    at += values.length;
    const limit = limits.advantage(std);
    if (Number.isFinite(limit)) t.nearAll(`${label} video ${i} advantage`, values, want, limit);
  }
  if (at !== numbers.length) t.fail(label, `${at} advantages instead of ${numbers.length}`);
}

function compareTemporal(
  t: Tally,
  label: string,
  videos: readonly VideoRewards[],
  golden: GoldenTemporal,
  limits: Limits,
): void {
  const flat = (pick: (video: VideoRewards) => readonly number[]) =>
    videos.flatMap((video) => [...pick(video)]);
  t.nearAll(
    `${label} rank`,
    flat((v) => v.rank),
    goldenNumbers(golden.rank),
    limits.rank,
  );
  t.nearAll(
    `${label} reg`,
    flat((v) => v.regression),
    goldenNumbers(golden.reg),
    limits.regression,
  );
  t.nearAll(
    `${label} reward`,
    flat((v) => v.reward),
    goldenNumbers(golden.reward),
    limits.reward,
  );
  compareAdvantage(t, label, videos, golden.advantage, limits);
}

type Outcome = { off: VideoRewards[]; head: VideoRewards[]; legacy: VideoRewards[] };

function compareDtype(
  t: Tally,
  label: string,
  { off, head, legacy }: Outcome,
  golden: GoldenColumns,
  limits: Limits,
  nearTie: boolean,
): void {
  const rank = (set: 'raw' | 'perturbed') => off.flatMap((v) => [...v[set]!.rank.reward]);
  const reg = (set: 'raw' | 'perturbed') => off.flatMap((v) => v[set]!.regression.map((r) => r?.reward ?? 0));
  const format = (set: 'raw' | 'perturbed') => off.flatMap((v) => [...v[set]!.format]);
  t.nearAll(`${label} rank`, rank('raw'), goldenNumbers(golden.rank), limits.rank);
  t.nearAll(`${label} reg`, reg('raw'), goldenNumbers(golden.reg), limits.regression);
  t.equal(`${label} format`, format('raw'), golden.format);
  t.nearAll(`${label} pert_rank`, rank('perturbed'), goldenNumbers(golden.pert_rank), limits.rank);
  t.nearAll(`${label} pert_reg`, reg('perturbed'), goldenNumbers(golden.pert_reg), limits.regression);
  t.equal(`${label} pert_format`, format('perturbed'), golden.pert_format);
  t.nearAll(
    `${label} off reward`,
    off.flatMap((v) => [...v.reward]),
    goldenNumbers(golden.off.reward),
    limits.reward,
  );
  compareAdvantage(t, `${label} off`, off, golden.off.advantage, limits);

  const decision = head[0]!.temporal!;
  const means = (side: 'rank' | 'regression') => [decision[side].raw!, decision[side].perturbed!];
  t.nearAll(`${label} head rank_mean`, means('rank'), goldenNumbers(golden.head.rank_mean), limits.rank);
  t.nearAll(
    `${label} head reg_mean`,
    means('regression'),
    goldenNumbers(golden.head.reg_mean),
    limits.regression,
  );
  const won = { rank: decision.rank.won, reg: decision.regression.won };
  const wanted = { rank: golden.head.rank_won, reg: golden.head.reg_won };
  const agree = won.rank === wanted.rank && won.reg === wanted.reg;
  if (!agree && !nearTie) t.equal(`${label} head won`, won, wanted);
  if (agree) compareTemporal(t, `${label} head`, head, golden.head, limits);
  const bothWon = won.rank && won.reg;
  if (bothWon !== golden.legacy.both_won && !nearTie)
    t.equal(`${label} legacy both_won`, bothWon, golden.legacy.both_won);
  if (bothWon === golden.legacy.both_won)
    compareTemporal(t, `${label} legacy`, legacy, golden.legacy, limits);
}

/**
 * Doubles to 1e-12, float32 to the limits of the header. Temporal decisions exact, but for the cases marked `near_tie`,
 * where either is right and what follows is compared only if they agree.
 */
export function checkRewards(file: RewardsFile): ConformanceReport {
  const t = tally('rewards', 1e-12);
  const single = singles(file.header?.f32_advantage_max_difference);
  for (const c of file.cases) {
    t.count();
    const read = (texts: readonly string[]) => texts.map((text) => readForReward(text, RULES.official));
    const answered = c.mos.map((mos, i) => ({
      mos: Number(mos),
      raw: read(c.raw[i]!),
      perturbed: read(c.perturbed[i]!),
    }));
    const run = (rules: RewardRules, temporalOn: boolean) => {
      const left = (c.draws ?? []).map((draw) => draw.value);
      const draw: DrawInteger = () => left.shift() ?? Number.NaN;
      const rewards = batchRewards(answered, released(c.videos, rules, temporalOn), draw);
      if (left.length > 0) t.fail(c.id, `${left.length} draws left over`);
      return rewards;
    };
    const off = attempt(() => run(RULES.official, false));
    if ('python' in off || c.error !== undefined) {
      t.equal(`${c.id} error`, 'python' in off ? off.python : null, c.error ?? null);
      continue;
    }
    const outcome = { off, head: run(RULES.official, true), legacy: run(FIRST_RELEASE, true) };
    if (c.parsed) compareParsed(t, c.id, off, c.parsed);
    else t.fail(c.id, 'no field "parsed"');
    if (c.f64) compareDtype(t, `${c.id} f64`, outcome, c.f64, doubles, c.near_tie ?? false);
    else t.fail(c.id, 'no field "f64"');
    if (c.f32) compareDtype(t, `${c.id} f32`, outcome, c.f32, single, c.near_tie ?? false);
  }
  return t.report();
}

function compareParsed(t: Tally, id: string, videos: readonly VideoRewards[], parsed: GoldenParsed): void {
  t.equal(
    `${id} parsed raw_rank`,
    videos.flatMap((v) => [...v.raw.rankScores]),
    parsed.raw_rank,
  );
  t.equal(
    `${id} parsed raw_reg`,
    videos.flatMap((v) => [...v.raw.regressionScores]),
    parsed.raw_reg,
  );
  t.equal(
    `${id} parsed perturbed_rank`,
    videos.flatMap((v) => [...v.perturbed!.rankScores]),
    parsed.perturbed_rank,
  );
  t.equal(
    `${id} parsed perturbed_reg`,
    videos.flatMap((v) => [...v.perturbed!.regressionScores]),
    parsed.perturbed_reg,
  );
}
