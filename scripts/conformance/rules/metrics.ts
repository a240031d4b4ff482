/** `metrics.json`: scipy's values and the paper's overall ones. */

import { CodedError } from '../../../core/errors.ts';
import { krcc, type Metric, mae, plcc, rmse, srcc, srccByEq13 } from '../../../core/stats/correlation.ts';
import { equalWeights, fisherWeighted, weightedByVideos } from '../../../core/stats/overall.ts';
import { type ConformanceReport, goldenNumber, tally } from './report.ts';

type GoldenValue = number | string | null;

interface MetricsCase {
  readonly id: string;
  readonly pred: readonly (number | string)[];
  readonly mos: readonly (number | string)[];
  readonly tags: readonly string[];
  readonly srcc_eq13?: GoldenValue;
  readonly [field: string]: unknown;
}

interface OverallRow {
  readonly method: string;
  readonly metric: string;
  readonly domain: string;
  readonly values: readonly number[];
  readonly videos: readonly number[];
  readonly paper_overall: number;
  readonly weighted_by_videos: number;
  readonly equal_weights: number;
  readonly fisher_z_weighted: number;
  readonly matches_paper: boolean;
}

export interface MetricsFile {
  readonly cases: readonly MetricsCase[];
  readonly overall?: { readonly rows: readonly OverallRow[] };
}

const metrics = { srcc, plcc, krcc, rmse, mae };
const CORRELATION_LIMIT = 1e-10;
const ERROR_LIMIT = 1e-12;
/** Limits of the PLCC on input where rounding decides digits, by tag (header of the file). */
const illConditioned: Readonly<Record<string, number>> = {
  almost_constant: 0.05,
  offset: 1e-3,
  huge: 1e-9,
  tiny: 1e-9,
};

function limitOf(name: string, tags: readonly string[]): number {
  if (name === 'rmse' || name === 'mae') return ERROR_LIMIT;
  if (name !== 'plcc') return CORRELATION_LIMIT;
  return tags.reduce((limit, tag) => Math.max(limit, illConditioned[tag] ?? 0), CORRELATION_LIMIT);
}

/** Value, exception class and warning classes as the file writes them. */
function run(metric: () => Metric): { value: number | null; error: string | null; warnings: string[] } {
  try {
    const { value, warning } = metric();
    return { value, error: null, warnings: warning === null ? [] : [`${warning}Warning`] };
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    return { value: null, error: String(thrown.params.python), warnings: [] };
  }
}

/** Metrics to 1e-10, errors to 1e-12 relative (they can be as large as 1e150), exceptions and warnings by class. */
export function checkMetrics(file: MetricsFile): ConformanceReport {
  const t = tally('metrics', CORRELATION_LIMIT);
  for (const c of file.cases) {
    t.count();
    const [pred, mos] = [c.pred.map(goldenNumber), c.mos.map(goldenNumber)];
    for (const [name, metric] of Object.entries(metrics)) {
      const label = `${c.id} ${name}`;
      if (!(name in c)) {
        t.fail(label, 'not in the file');
        continue;
      }
      const got = run(() => metric(pred, mos));
      const want = c[name] as GoldenValue;
      if (got.value === null || want === null) t.equal(label, got.value, want);
      else t.near(label, got.value, goldenNumber(want), limitOf(name, c.tags));
      t.equal(`${label} error`, got.error, c[`${name}_error`] ?? null);
      t.equal(`${label} warning`, got.warnings, c[`${name}_warning`] ?? []);
    }
    if (c.srcc_eq13 !== undefined && c.srcc_eq13 !== null)
      t.near(`${c.id} srcc_eq13`, srccByEq13(pred, mos), goldenNumber(c.srcc_eq13));
  }
  for (const row of file.overall?.rows ?? []) {
    t.count();
    const label = `overall ${row.domain} ${row.method} ${row.metric}`;
    const weighted = weightedByVideos(row.values, row.videos);
    t.near(`${label} weighted`, weighted, row.weighted_by_videos, ERROR_LIMIT);
    t.near(`${label} equal`, equalWeights(row.values), row.equal_weights, ERROR_LIMIT);
    t.near(`${label} fisher`, fisherWeighted(row.values, row.videos), row.fisher_z_weighted, ERROR_LIMIT);
    t.equal(`${label} matches paper`, Math.abs(weighted - row.paper_overall) <= 0.001, row.matches_paper);
  }
  return t.report();
}
