/**
 * Metrics of a batch: agreement of scores and human scores with bootstrap intervals, for each data set and over all.
 * Rows without a score or without a human score are in no metric, and every metric has its number of rows. Ours.
 */

import type { BatchRow } from '../files/batch.ts';
import { type Bootstrapped, bootstrapIntervals, type Interval } from './bootstrap.ts';
import { krcc, type Metric, plcc, rmse, srcc } from './correlation.ts';
import { fitLogistic, type Logistic, logisticAt } from './logistic.ts';
import { weightedByVideos } from './overall.ts';
import { seededRandom } from './random.ts';

type Numbers = readonly number[];
type MetricOf = (scores: Numbers, opinions: Numbers) => Metric;

/** Least number of pairs for a metric of agreement. */
export const LEAST_PAIRS = 10;
const BOOTSTRAPS = 1000;

export interface MetricEstimate {
  readonly value: number;
  /** 95 %, percentile bootstrap over videos. */
  readonly interval: Interval | null;
}

export interface PairMetrics {
  /** Number of pairs. */
  readonly n: number;
  readonly srcc: MetricEstimate;
  readonly plcc: MetricEstimate;
  readonly krcc: MetricEstimate;
  /** In units of the opinions, after the logistic (the scales differ); null where no curve fits. */
  readonly rmse: MetricEstimate | null;
  /** PLCC after the logistic; the papers report it before. */
  readonly plccFitted: number | null;
  readonly fit: Logistic | null;
}

interface DatasetMetrics {
  readonly dataset: string;
  readonly metrics: PairMetrics | null;
  readonly n: number;
}

export interface BatchMetrics {
  readonly pairs: number;
  readonly all: PairMetrics | null;
  /** One a data set in order of appearance; empty where the table names none. */
  readonly datasets: readonly DatasetMetrics[];
  /** Means over data sets weighted by videos, as the paper's "Overall"; null below two data sets with metrics. */
  readonly overall: { readonly srcc: number; readonly plcc: number; readonly n: number } | null;
  readonly unreadable: number;
  readonly failed: number;
}

export type Pair = BatchRow & { readonly score: number; readonly mos: number };
export const isPair = (row: BatchRow): row is Pair =>
  row.state === 'done' && row.score !== null && row.mos !== undefined;

interface MetricOptions {
  /** Bootstrap draws; 0 leaves the intervals out, while a batch is still running. */
  readonly bootstraps?: number;
}

/** Least width of a fitted logistic as a share of the range of scores: a steeper one is a step between two neighbours. */
const LEAST_WIDTH = 0.02;

/** The fitted logistic; null where the best one is a step, which describes no relation and gives no distances. */
function curveOf(scores: Numbers, opinions: Numbers): Logistic | null {
  const fit = fitLogistic(scores, opinions);
  const low = scores.reduce((a, b) => Math.min(a, b));
  const high = scores.reduce((a, b) => Math.max(a, b));
  return fit.width < LEAST_WIDTH * (high - low) ? null : fit;
}

/** Null below `LEAST_PAIRS` pairs. */
function pairMetrics(
  pairs: readonly Pair[],
  { bootstraps = BOOTSTRAPS }: MetricOptions = {},
): PairMetrics | null {
  if (pairs.length < LEAST_PAIRS) return null;
  const scores = pairs.map(({ score }) => score);
  const opinions = pairs.map(({ mos }) => mos);
  const fit = new Set(scores).size > 1 ? curveOf(scores, opinions) : null;
  const fitted = fit && scores.map((score) => logisticAt(fit, score));
  const random = seededRandom(1);
  const intervals =
    bootstraps === 0
      ? null
      : bootstrapIntervals(scores, opinions, { draw: (n) => random.int(n), resamples: bootstraps, fitted });
  const estimate = (name: Bootstrapped, metric: MetricOf, of: Numbers): MetricEstimate => ({
    value: metric(of, opinions).value,
    interval: intervals?.[name] ?? null,
  });
  return {
    n: pairs.length,
    srcc: estimate('srcc', srcc, scores),
    plcc: estimate('plcc', plcc, scores),
    krcc: estimate('krcc', krcc, scores),
    rmse: fitted && estimate('rmse', rmse, fitted),
    plccFitted: fitted && plcc(fitted, opinions).value,
    fit,
  };
}

export function batchMetrics(rows: readonly BatchRow[], options: MetricOptions = {}): BatchMetrics {
  const pairs = rows.filter(isPair);
  const names = [...new Set(rows.flatMap(({ dataset }) => dataset ?? []))];
  const datasets = names.map((dataset) => {
    const datasetPairs = pairs.filter((row) => row.dataset === dataset);
    return { dataset, metrics: pairMetrics(datasetPairs, options), n: datasetPairs.length };
  });
  const defined = datasets.flatMap(({ metrics }) =>
    metrics && Number.isFinite(metrics.srcc.value) && Number.isFinite(metrics.plcc.value) ? [metrics] : [],
  );
  const weights = defined.map(({ n }) => n);
  return {
    pairs: pairs.length,
    all: pairMetrics(pairs, options),
    datasets,
    overall:
      defined.length < 2
        ? null
        : {
            srcc: weightedByVideos(
              defined.map((f) => f.srcc.value),
              weights,
            ),
            plcc: weightedByVideos(
              defined.map((f) => f.plcc.value),
              weights,
            ),
            n: weights.reduce((a, b) => a + b, 0),
          },
    unreadable: rows.filter(({ state }) => state === 'no-score').length,
    failed: rows.filter(({ state }) => state === 'failed').length,
  };
}
