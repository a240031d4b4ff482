/**
 * Percentile of a score among human opinion scores where the model has their scale, else among its scores on held-out
 * clips. Ours.
 */
import type { Scale } from '../files/manifest.ts';
import mosQuantiles from './mos-quantiles.json' with { type: 'json' };

/** Human scores of one data set on its own scale: quantiles 0, 5, … 100 %. */
interface MosQuantiles {
  readonly dataset: string;
  readonly n: number;
  readonly quantiles: readonly number[];
}

export interface Percentile {
  /** Share of the population below the score, 0 to 100. */
  readonly percent: number;
  readonly population: string;
  readonly n: number;
  /** Human opinion scores, or scores of the model: the page states which. */
  readonly kind: 'human' | 'own';
}

/** Share (0 to 100) of a population that lies below a value, between evenly spaced quantiles by straight lines. */
export function shareBelow(quantiles: readonly number[], value: number): number {
  const last = quantiles.length - 1;
  const above = quantiles.findIndex((q) => q >= value);
  if (above < 0) return 100;
  if (above === 0) return 0;
  const [low, high] = [quantiles[above - 1]!, quantiles[above]!];
  return (100 * (above - 1 + (value - low) / (high - low))) / last;
}

export function mosQuantilesOf(dataset: string): MosQuantiles | null {
  return mosQuantiles.find((row) => row.dataset === dataset) ?? null;
}

/** Maps from the MOS of a data set to a human scale's score; other maps have no percentile. */
const toMos: Readonly<Record<string, (score: number) => number>> = {
  'MOS/20': (score) => 20 * score,
  MOS: (score) => score,
};

/**
 * Percentile of a score on a package's scale: among the opinions that the package lists, else among those of the one data
 * set that it names. Null when neither is known.
 */
export function percentileOf(scale: Scale, score: number): Percentile | null {
  if (scale.kind === 'unmeasured') return null;
  if (scale.kind === 'own') {
    const { population, n, quantiles } = scale;
    return { percent: shareBelow(quantiles, score), population, n, kind: 'own' };
  }
  const { datasets, map, opinions } = scale;
  const population = datasets.map(({ name }) => name).join(', ');
  if (opinions)
    return { percent: shareBelow(opinions.quantiles, score), population, n: opinions.n, kind: 'human' };
  const row = mosQuantilesOf(population);
  const mos = toMos[map];
  if (row === null || mos === undefined) return null;
  return { percent: shareBelow(row.quantiles, mos(score)), population, n: row.n, kind: 'human' };
}
