/** Rate against score of the renditions of one source: what each doubling of the rate gains, and the knee. Ours. */
import { fitIsotonic, isotonicAt } from './isotonic.ts';

export interface RatePoint {
  /** Bits a second of the video stream, above 0. */
  readonly rate: number;
  /** Null where the model gave no readable score. */
  readonly score: number | null;
}

export interface RateStep {
  /** Index in the given list. */
  readonly index: number;
  /** Gain in score a doubling of the rate since the next lower rate; null for the lowest, and without a score. */
  readonly gain: number | null;
}

export interface RateCurve {
  /** By ascending rate. */
  readonly steps: readonly RateStep[];
  /** Index in the given list of the rendition at which more rate stops to pay; null where no rendition stands out. */
  readonly knee: number | null;
}

/** Scores are read to a tenth: a ladder that rises less has no knee. */
const LEAST_RISE = 0.1;
/** Least height above the straight line from the lowest rate to the highest, as a share of the rise. */
const LEAST_BEND = 0.1;

/**
 * The knee is the rendition that lies highest above the straight line between both ends of the curve, over the logarithm of
 * the rate (Satopää et al., 2011), on scores made monotone so that the noise of one score does not move it.
 */
export function rateCurve(points: readonly RatePoint[]): RateCurve {
  const order = [...points.keys()].sort((a, b) => points[a]!.rate - points[b]!.rate);
  const steps = order.map((index, k): RateStep => {
    const [here, below] = [points[index]!, points[order[k - 1] ?? -1]];
    if (!below || here.score === null || below.score === null || here.rate === below.rate)
      return { index, gain: null };
    return { index, gain: (here.score - below.score) / Math.log2(here.rate / below.rate) };
  });
  const scored = order.filter((index) => points[index]!.score !== null);
  return { steps, knee: kneeOf(points, scored) };
}

function kneeOf(points: readonly RatePoint[], order: readonly number[]): number | null {
  const x = order.map((index) => Math.log2(points[index]!.rate));
  if (new Set(x).size < 3) return null;
  const map = fitIsotonic(
    x,
    order.map((index) => points[index]!.score!),
  );
  const y = x.map((value) => isotonicAt(map, value));
  const rise = y.at(-1)! - y[0]!;
  if (rise < LEAST_RISE) return null;
  const width = x.at(-1)! - x[0]!;
  const heights = x.map((value, k) => (y[k]! - y[0]!) / rise - (value - x[0]!) / width);
  const highest = Math.max(...heights);
  return highest < LEAST_BEND ? null : order[heights.indexOf(highest)]!;
}
