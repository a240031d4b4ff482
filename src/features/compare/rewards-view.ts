/** View of the reward inspector: the rewards of each answer, and their formulas with numbers. */
import type { ScoreRange } from '../../../core/answer/answer.ts';
import { CodedError } from '../../../core/errors.ts';
import type { PairRank } from '../../../core/rewards/ranking.ts';
import { type RewardMode, type RewardRules, RULES } from '../../../core/rewards/reward-rules.ts';
import {
  type AnsweredVideo,
  batchRewards,
  type ReadAnswer,
  readForReward,
  type VideoRewards,
} from '../../../core/rewards/rewards.ts';
import type { TemporalDecision } from '../../../core/rewards/temporal.ts';
import { seededRandom } from '../../../core/stats/random.ts';

/** Another video of the batch, typed in by the user. */
export interface Opponent {
  readonly scores: readonly number[];
  readonly mos: number;
}

export interface RewardInput {
  readonly mode: RewardMode;
  readonly range: ScoreRange;
  /** Answers to A, [K]. */
  readonly a: readonly string[];
  /** Answers to B, [K], or null. */
  readonly b: readonly string[] | null;
  /** True when B is a perturbed copy of A, false when it is a second video. */
  readonly perturbed: boolean;
  readonly mosA: number | null;
  readonly mosB: number | null;
  readonly opponent: Opponent | null;
}

export interface RewardRow {
  /** Score as the mode parses it; null = unreadable. */
  readonly score: number | null;
  readonly written: string;
  readonly format: 0 | 1;
  /** Null without a MOS or an opponent. */
  readonly rank: number | null;
  readonly regression: number | null;
  /** Sum of both bonuses. */
  readonly temporal: number | null;
  readonly sum: number | null;
  readonly advantage: number | null;
}

/** Column titles of the two rewards that a formula names. */
export type ColumnNames = Readonly<Record<'rank' | 'regression', string>>;

export type FormulaName = 'format' | 'rank' | 'regression' | 'temporal' | 'sum' | 'advantage';

export interface RewardView {
  readonly rows: readonly RewardRow[];
  readonly rules: RewardRules;
  /** True when there is an opponent. */
  readonly ranked: boolean;
  /** Name of the Python exception that the released code raises for this batch, or null. */
  readonly raises: string | null;
  /** True when unreadable answers got random scores. */
  readonly drawn: boolean;
  /** Formula of each reward of answer k with its numbers; `**…**` is the value. */
  readonly formulas: (k: number, names: ColumnNames) => Partial<Record<FormulaName, string>>;
}

/** Number without the zero before the point, as in the papers' tables: `.943`, `1.001`, `−.34`. */
export function short(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const text = Math.abs(value).toFixed(digits);
  const sign = value < 0 && Number(text) !== 0 ? '−' : '';
  return sign + (text.startsWith('0.') ? text.slice(1) : text);
}

const written = ({ score, decimals }: ReadAnswer): string =>
  score === null ? '' : score.toFixed(Math.min(12, decimals));

export function rewardView(input: RewardInput): RewardView {
  const rules = RULES[input.mode];
  const read = (texts: readonly string[]) => texts.map((text) => readForReward(text, rules, input.range));
  const raw = read(input.a);
  const other = input.b && read(input.b);
  const { mosA, mosB, opponent, perturbed } = input;
  const batch: AnsweredVideo[] | null =
    mosA === null || raw.length === 0
      ? null
      : [
          {
            mos: mosA,
            raw,
            // The released script makes no perturbed copy when the temporal reward is off.
            perturbed: rules.temporalOn && perturbed && other && other.length > 0 ? other : null,
          },
          ...(!perturbed && other && mosB !== null ? [{ mos: mosB, raw: other }] : []),
          ...(opponent && opponent.scores.length > 0
            ? [
                {
                  mos: opponent.mos,
                  raw: opponent.scores.map((score) => ({ score, decimals: 2, format: 1 as const })),
                },
              ]
            : []),
        ];
  const worked = batch && work(batch, rules);
  const video = worked?.video ?? null;
  const ranked = (batch?.length ?? 0) > 1;
  const rows = raw.map((answer, k): RewardRow => {
    const bonus = video?.temporal && video.temporal.rank.bonus[k]! + video.temporal.regression.bonus[k]!;
    return {
      score: video?.raw.regressionScores[k] ?? answer.score,
      written: written(answer),
      format: answer.format,
      rank: video && ranked ? video.raw.rank.reward[k]! : null,
      regression: video ? (video.raw.regression[k]?.reward ?? 0) : null,
      temporal: bonus ?? null,
      sum: video ? video.reward[k]! : null,
      advantage: video ? finite(video.advantage.values[k]) : null,
    };
  });
  return {
    rows,
    rules,
    ranked,
    raises: worked?.raises ?? null,
    drawn: rules.unreadable === 'drawn' && raw.some(({ score }) => score === null),
    formulas: (k, names) => (video ? formulas(video, rules, k, raw[k], ranked, names) : formatOnly(raw[k])),
  };
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** Rewards of the batch; where the released code raises, computed as in the other modes. */
function work(
  batch: readonly AnsweredVideo[],
  rules: RewardRules,
): { video: VideoRewards; raises: string | null } {
  const draw = () => {
    const random = seededRandom('reward inspector');
    return (low: number, high: number) => random.between(low, high);
  };
  try {
    return { video: batchRewards(batch, rules, draw())[0]!, raises: null };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const video = batchRewards(batch, { ...rules, failure: 'zero' }, draw())[0]!;
    return { video, raises: String(error.params.python ?? error.code) };
  }
}

const FORM = '<think>…</think> <answer>…</answer>';

function formatOnly(answer: ReadAnswer | undefined): Partial<Record<FormulaName, string>> {
  return answer ? { format: `${FORM} → **${answer.format}**` } : {};
}

function formulas(
  video: VideoRewards,
  rules: RewardRules,
  k: number,
  answer: ReadAnswer | undefined,
  ranked: boolean,
  names: ColumnNames,
): Partial<Record<FormulaName, string>> {
  const lines: Partial<Record<FormulaName, string>> = formatOnly(answer);
  const { raw, temporal, advantage } = video;
  if (ranked) lines.rank = rankFormula(video, rules, k);
  const regression = raw.regression[k];
  const score = raw.regressionScores[k];
  if (regression && score !== null && score !== undefined) {
    const alpha = regression.factor === 1 ? '' : ` · ${regression.factor}`;
    const error = `(${trim(score)} − ${trim(score - regression.error)})²`;
    lines.regression = `exp(−${error} / (2 · ${rules.sigma}²))${alpha} = **${short(regression.reward)}**`;
  } else lines.regression = '**0**';
  if (temporal) {
    const reward = { rank: raw.rank.reward[k]!, regression: regression?.reward ?? 0 };
    // Without an opponent there are no rank rewards.
    lines.temporal = (ranked ? (['rank', 'regression'] as const) : (['regression'] as const))
      .map((name) => temporalFormula(names[name], temporal[name], reward[name], rules, k))
      .join(' · ');
  }
  const columns = [video.rank[k]!, video.regression[k]!, raw.format[k]!];
  lines.sum = `${columns.map((value) => short(value)).join(' + ')} = **${short(video.reward[k]!)}**`;
  const value = advantage.values[k];
  if (value !== undefined && Number.isFinite(value)) {
    const top = `(${short(video.reward[k]!)} − ${short(advantage.mean)})`;
    lines.advantage = `${top} / (${short(advantage.std, 4)} + ${exponent(rules.advantage.epsilon)}) = **${short(value, 2)}**`;
  }
  return lines;
}

/** A score or a MOS with at most four decimals. */
const trim = (value: number): string => String(Number(value.toFixed(4)));

const exponent = (value: number): string =>
  value < 0.001 ? value.toExponential(0).replace('e', 'e') : String(value);

function pairFormula(pair: PairRank, score: number, epsilon: number, k: number): string {
  const { denominator, better, worse } = pair;
  const z = pair.z[k]!;
  const p = pair.p[k]!;
  const mean = score - z * denominator;
  const e = exponent(epsilon);
  const probability = `p = Φ((${trim(score)} − ${trim(mean)}) / ${short(denominator)}) = Φ(${short(z, 2)}) = ${short(p)}`;
  return `√(p·${better} + ${e}) + √((1−p)·${worse} + ${e}), ${probability} → **${short(pair.reward[k]!)}**`;
}

function rankFormula({ raw }: VideoRewards, rules: RewardRules, k: number): string {
  const score = raw.rankScores[k];
  if (score === null || score === undefined) return '**0**';
  const pairs = raw.rank.pairs.map((pair) => pairFormula(pair, score, rules.pairEpsilon, k));
  if (pairs.length === 0) return '**0**';
  return pairs.length === 1 ? pairs[0]! : `${pairs.join('; ')}; ∅ = **${short(raw.rank.reward[k]!)}**`;
}

function temporalFormula(
  name: string,
  decision: TemporalDecision,
  reward: number,
  rules: RewardRules,
  k: number,
): string {
  const { raw, perturbed, won, tau } = decision;
  const side = (value: number | null) => (value === null ? '–' : short(value));
  const compared = `${name} ${side(raw)} ${won ? '≥' : '<'} ${side(perturbed)}`;
  const bonus = decision.bonus[k]!;
  // Eq. 8 compares the mean with τ, the released code each answer's reward.
  const passing = rules.temporal.bonus === 'all' ? raw : reward;
  const threshold =
    won && passing !== null ? `, ${short(passing)} ${passing > tau ? '>' : '≤'} ${short(tau, 1)}` : '';
  return `${compared}${threshold} → **${bonus === 0 ? '0' : `+${short(bonus, 1)}`}**`;
}
