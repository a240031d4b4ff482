/**
 * Temporal reward (eq. 8): a bonus δ where the completions of the clean video earn at least as much as those of the
 * perturbed one, decided for the rank and for the regression reward. Held to the official code by
 * golden/rules/rewards.json and golden/rules/rewards_paper.json: change only with it.
 */
import { mean } from '../stats/moments.ts';
import type { RewardRules } from './reward-rules.ts';

/** One reward of the answers to one video, raw and perturbed; null = unreadable, left out of the means. */
interface TemporalColumn {
  readonly raw: readonly (number | null)[];
  /** Null where the video has no perturbed copy. */
  readonly perturbed: readonly (number | null)[] | null;
}

interface TemporalColumns {
  readonly rank: TemporalColumn;
  readonly regression: TemporalColumn;
}

export interface TemporalDecision {
  /** Means that were compared; null without a readable answer on that side. */
  readonly raw: number | null;
  readonly perturbed: number | null;
  /** raw ≥ perturbed, in the precision of the rules. */
  readonly won: boolean;
  /** True where the bonus is given: won, and the conditions `win` and `bonus` of the rules hold. */
  readonly granted: boolean;
  readonly tau: number;
  /** [raw answers], 0 or δ. */
  readonly bonus: readonly number[];
}

export interface TemporalOutcome {
  readonly rank: TemporalDecision;
  readonly regression: TemporalDecision;
}

type TemporalRules = RewardRules['temporal'];

function meanOfReadable(values: readonly (number | null)[]): number | null {
  const readable = values.filter((value) => value !== null);
  return readable.length === 0 ? null : mean(readable);
}

interface Comparison {
  readonly raw: number | null;
  readonly perturbed: number | null;
  readonly won: boolean;
}

function compare(columns: readonly TemporalColumn[], precision: TemporalRules['precision']): Comparison {
  const raw = meanOfReadable(columns.flatMap((column) => column.raw));
  const perturbed = meanOfReadable(columns.flatMap((column) => column.perturbed ?? []));
  const round = precision === 'single' ? Math.fround : (value: number) => value;
  const won = raw !== null && perturbed !== null && round(raw) >= round(perturbed);
  return { raw, perturbed, won };
}

function decide(
  column: TemporalColumn,
  comparison: Comparison,
  granted: boolean,
  tau: number,
  rules: TemporalRules,
): TemporalDecision {
  const meanPasses = comparison.raw !== null && comparison.raw > tau;
  const given = granted && column.perturbed !== null && (rules.bonus === 'aboveTau' || meanPasses);
  const bonus = column.raw.map((value) =>
    given && value !== null && (rules.bonus === 'all' || value > tau) ? rules.delta : 0,
  );
  return { ...comparison, granted: given, tau, bonus };
}

/** @param videos the videos of one process, or of the batch where `means` is `video` */
export function temporalBonuses(videos: readonly TemporalColumns[], rules: TemporalRules): TemporalOutcome[] {
  return videos.map((video) => {
    const pool = rules.means === 'video' ? [video] : videos;
    const rank = compare(
      pool.map((other) => other.rank),
      rules.precision,
    );
    const regression = compare(
      pool.map((other) => other.regression),
      rules.precision,
    );
    const both = rank.won && regression.won;
    const granted = (comparison: Comparison) => (rules.win === 'both' ? both : comparison.won);
    return {
      rank: decide(video.rank, rank, granted(rank), rules.tauRank, rules),
      regression: decide(video.regression, regression, granted(regression), rules.tauRegression, rules),
    };
  });
}
