/**
 * One metric for several data sets, as in the "Overall" columns of the paper. Held to the official code by
 * golden/rules/metrics.json: change only with it.
 */
import { CodedError } from '../errors.ts';

/**
 * Mean of a metric weighted by the number of videos of each data set (Table 1): what the paper prints as "Overall".
 *
 * @throws CodedError `metrics/lengths`; `metrics/too-few` without any video
 */
export function weightedByVideos(values: readonly number[], videos: readonly number[]): number {
  if (values.length !== videos.length)
    throw new CodedError('metrics/lengths', { predictions: values.length, mos: videos.length });
  const total = videos.reduce((sum, n) => sum + n, 0);
  if (total <= 0) throw new CodedError('metrics/too-few', { n: total, least: 1 });
  return values.reduce((sum, value, i) => sum + value * videos[i]!, 0) / total;
}

/** Plain mean. */
export function equalWeights(values: readonly number[]): number {
  return weightedByVideos(
    values,
    values.map(() => 1),
  );
}

/** Fisher's z: correlations averaged as atanh, weighted by videos. The paper does not use it. */
export function fisherWeighted(correlations: readonly number[], videos: readonly number[]): number {
  return Math.tanh(weightedByVideos(correlations.map(Math.atanh), videos));
}
