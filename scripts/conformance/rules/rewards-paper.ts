/** `rewards_paper.json`: the paper's equations 2–6 and 8–10, every intermediate. */
import { groupAdvantage } from '../../../core/rewards/advantage.ts';
import { clippedSurrogate, k3 } from '../../../core/rewards/grpo.ts';
import { type RewardRules, RULES } from '../../../core/rewards/reward-rules.ts';
import { batchRewards, type ReadAnswer, type VideoRewards } from '../../../core/rewards/rewards.ts';
import { type ConformanceReport, goldenNumbers, type Tally, tally, type Written } from './report.ts';

type Lists = readonly (readonly number[])[];

interface GoldenSpread {
  readonly raw: {
    readonly mean: Written;
    readonly variance: Written;
    readonly pairs: readonly {
      readonly i: number;
      readonly j: number;
      readonly denominator: number;
      readonly z: Written;
      readonly p: Written;
      readonly one_minus_p: Written;
      readonly indicator_i_better: number;
      readonly indicator_i_worse: number;
      readonly rank: Written;
    }[];
    readonly rank: Written;
  };
  readonly perturbed_mean: Written;
  readonly perturbed_variance: Written;
  readonly perturbed_rank: Written;
  readonly temporal_eq8: readonly {
    readonly mu_reg: number;
    readonly mu_reg_perturbed: number;
    readonly mu_rank: number;
    readonly mu_rank_perturbed: number;
    readonly bonus_reg: number;
    readonly bonus_rank: number;
  }[];
  readonly reward_eq10: readonly { readonly without_temporal: Written; readonly total: Written }[];
  readonly advantage_eq2: readonly Readonly<
    Record<string, { readonly mean: number; readonly std: number; readonly advantage: Written }>
  >[];
  readonly per_video_bonus: readonly {
    readonly alpha: number;
    readonly tau_reg: number;
    readonly tau_rank: number;
    readonly video: number;
    readonly reg_won: boolean;
    readonly rank_won: boolean;
    readonly bonus_reg: Written;
    readonly bonus_rank: Written;
    readonly total: Written;
    readonly advantage: Written;
  }[];
}

interface PaperCase {
  readonly id: string;
  readonly mos: readonly number[];
  readonly scores: Lists;
  readonly perturbed_scores: Lists;
  readonly format: Lists;
  readonly near_tie: boolean;
  readonly regression: Written;
  readonly regression_perturbed: Written;
  readonly sample_variance: GoldenSpread;
  readonly population_variance: GoldenSpread;
}

export interface RewardsPaperFile {
  readonly kl_and_clip?: {
    readonly cases: readonly {
      readonly policy: number;
      readonly ref: number;
      readonly old: number;
      readonly advantage: number;
      readonly d: number;
      readonly k3: number;
      readonly k1: number;
      readonly ratio: number;
      readonly clipped_ratio: number;
      readonly surrogate: number;
      readonly objective: number;
    }[];
  };
  readonly cases: readonly PaperCase[];
}

const ADVANTAGE_LIMIT = 1e-9;
/** Without ε a smaller deviation is rounding noise, and so is what is divided by it. */
const MEANINGFUL_STD = 1e-6;

function answers(scores: readonly number[], format: readonly number[] | null): ReadAnswer[] {
  return scores.map((score, k) => ({ score, decimals: 0, format: format?.[k] === 0 ? 0 : 1 }));
}

function run(c: PaperCase, rules: RewardRules): VideoRewards[] {
  const videos = c.mos.map((mos, i) => ({
    mos,
    raw: answers(c.scores[i]!, c.format[i]!),
    perturbed: answers(c.perturbed_scores[i]!, null),
  }));
  return batchRewards(videos, rules);
}

function comparePairs(t: Tally, id: string, videos: readonly VideoRewards[], golden: GoldenSpread): void {
  const rank = videos.map((video) => video.raw.rank);
  t.nearAll(
    `${id} mean`,
    rank.map((r) => r.mean!),
    goldenNumbers(golden.raw.mean),
  );
  t.nearAll(
    `${id} variance`,
    rank.map((r) => r.variance!),
    goldenNumbers(golden.raw.variance),
  );
  t.equal(
    `${id} pairs`,
    rank.reduce((sum, r) => sum + r.pairs.length, 0),
    golden.raw.pairs.length,
  );
  for (const want of golden.raw.pairs) {
    const label = `${id} pair ${want.i},${want.j}`;
    const pair = rank[want.i]?.pairs.find((p) => p.opponent === want.j);
    if (!pair) {
      t.fail(label, 'no such pair');
      continue;
    }
    t.near(`${label} denominator`, pair.denominator, want.denominator);
    t.nearAll(`${label} z`, pair.z as number[], goldenNumbers(want.z));
    t.nearAll(`${label} p`, pair.p as number[], goldenNumbers(want.p));
    t.nearAll(`${label} 1-p`, pair.q as number[], goldenNumbers(want.one_minus_p));
    t.equal(
      `${label} indicators`,
      [pair.better, pair.worse],
      [want.indicator_i_better, want.indicator_i_worse],
    );
    t.nearAll(`${label} rank`, pair.reward as number[], goldenNumbers(want.rank));
  }
  t.nearAll(
    `${id} rank`,
    rank.map((r) => r.reward),
    goldenNumbers(golden.raw.rank),
  );
  const perturbed = videos.map((video) => video.perturbed!.rank);
  t.nearAll(
    `${id} perturbed mean`,
    perturbed.map((r) => r.mean!),
    goldenNumbers(golden.perturbed_mean),
  );
  t.nearAll(
    `${id} perturbed variance`,
    perturbed.map((r) => r.variance!),
    goldenNumbers(golden.perturbed_variance),
  );
  t.nearAll(
    `${id} perturbed rank`,
    perturbed.map((r) => r.reward),
    goldenNumbers(golden.perturbed_rank),
  );
}

/** True where what follows from the decisions may be compared. */
function agrees(t: Tally, label: string, got: unknown, want: unknown, nearTie: boolean): boolean {
  const same = JSON.stringify(got) === JSON.stringify(want);
  if (!same && !nearTie) t.equal(label, got, want);
  return same;
}

function compareLiteral(
  t: Tally,
  c: PaperCase,
  label: string,
  videos: readonly VideoRewards[],
  without: readonly VideoRewards[],
  golden: GoldenSpread,
): void {
  for (const [i, video] of videos.entries()) {
    const id = `${label} video ${i}`;
    const want = golden.temporal_eq8[i]!;
    const { rank, regression } = video.temporal!;
    t.nearAll(`${id} rank means`, [rank.raw!, rank.perturbed!], [want.mu_rank, want.mu_rank_perturbed]);
    t.nearAll(
      `${id} reg means`,
      [regression.raw!, regression.perturbed!],
      [want.mu_reg, want.mu_reg_perturbed],
    );
    t.nearAll(
      `${id} without temporal`,
      without[i]!.reward,
      goldenNumbers(golden.reward_eq10[i]!.without_temporal),
    );
    const bonuses = [rank.bonus, regression.bonus];
    const wanted = [want.bonus_rank, want.bonus_reg].map((bonus) => rank.bonus.map(() => bonus));
    const same = agrees(t, `${id} bonuses`, bonuses, wanted, c.near_tie);
    if (same) t.nearAll(`${id} reward`, video.reward, goldenNumbers(golden.reward_eq10[i]!.total));
    for (const [form, wantForm] of Object.entries(golden.advantage_eq2[i]!)) {
      const rewards = form.startsWith('without_temporal') ? without[i]!.reward : video.reward;
      if (!same && rewards === video.reward) continue;
      const deviation = form.startsWith('population') ? 'population' : 'sample';
      const epsilon = form.endsWith('plus_1e-4') ? 1e-4 : 0;
      const got = groupAdvantage(rewards, { deviation, epsilon });
      t.near(`${id} ${form} mean`, got.mean, wantForm.mean);
      t.near(`${id} ${form} std`, got.std, wantForm.std);
      if (epsilon > 0 || wantForm.std > MEANINGFUL_STD)
        t.nearAll(`${id} ${form}`, got.values, goldenNumbers(wantForm.advantage), ADVANTAGE_LIMIT);
    }
  }
}

function comparePerVideo(
  t: Tally,
  c: PaperCase,
  label: string,
  golden: GoldenSpread,
  rules: RewardRules,
): void {
  for (const want of golden.per_video_bonus) {
    const id = `${label} bonus α ${want.alpha} τ ${want.tau_reg} video ${want.video}`;
    const temporal = {
      ...rules.temporal,
      bonus: 'aboveTau' as const,
      tauRank: want.tau_rank,
      tauRegression: want.tau_reg,
    };
    const video = run(c, { ...rules, alpha: want.alpha, temporal })[want.video]!;
    const { rank, regression } = video.temporal!;
    const got = [rank.won, regression.won, rank.bonus, regression.bonus];
    const wanted = [want.rank_won, want.reg_won, want.bonus_rank, want.bonus_reg];
    if (!agrees(t, id, got, wanted, c.near_tie)) continue;
    t.nearAll(`${id} total`, video.reward, goldenNumbers(want.total));
    t.nearAll(`${id} advantage`, video.advantage.values, goldenNumbers(want.advantage), ADVANTAGE_LIMIT);
  }
}

/** 1e-12 absolute and relative, advantages 1e-9; decisions exact, but for the cases marked `near_tie`. */
export function checkRewardsPaper(file: RewardsPaperFile): ConformanceReport {
  const t = tally('rewards_paper', 1e-12);
  for (const c of file.cases) {
    t.count();
    for (const form of ['sample', 'population'] as const) {
      const golden = c[`${form}_variance`];
      const rules: RewardRules = { ...RULES.paper, scoreVariance: form };
      const videos = run(c, rules);
      const label = `${c.id} ${form}`;
      const reg = (set: 'raw' | 'perturbed') => videos.map((v) => v[set]!.regression.map((r) => r!.reward));
      t.nearAll(`${label} regression`, reg('raw'), goldenNumbers(c.regression));
      t.nearAll(`${label} regression_perturbed`, reg('perturbed'), goldenNumbers(c.regression_perturbed));
      comparePairs(t, label, videos, golden);
      compareLiteral(t, c, label, videos, run(c, { ...rules, temporalOn: false }), golden);
      comparePerVideo(t, c, label, golden, rules);
    }
  }
  for (const [i, c] of (file.kl_and_clip?.cases ?? []).entries()) {
    t.count();
    const id = `kl_and_clip ${i}`;
    const surrogate = clippedSurrogate(c.policy - c.old, c.advantage, {
      epsilonLow: 0.2,
      epsilonHigh: 0.2,
      delta: null,
    });
    const kl = k3(c.policy, c.ref);
    t.near(`${id} d`, c.ref - c.policy, c.d);
    t.near(`${id} k1`, c.policy - c.ref, c.k1);
    t.near(`${id} k3`, kl.value, c.k3);
    t.near(`${id} ratio`, surrogate.ratio, c.ratio);
    t.near(`${id} clipped ratio`, surrogate.clippedRatio, c.clipped_ratio);
    t.near(`${id} surrogate`, surrogate.value, c.surrogate);
    t.near(`${id} objective`, surrogate.value - 0.04 * kl.value, c.objective);
  }
  return t.report();
}
