/**
 * Parameters of generalised Gaussians fitted by moments, skewness and kurtosis.
 *
 * Where a map is flat its coefficients are rounding noise, whose sign would decide what counts as negative. Coefficients
 * of at most `FLAT` therefore add nothing to the sums of squares of the two sides and count as `FLAT_WEIGHT` on each. An
 * undefined parameter is NaN; the shape of a flat map is the first of the grid.
 */
import type { Offset } from './filters.ts';
import { meanOf, type Plane } from './plane.ts';

const FLAT = 1e-9;
const FLAT_WEIGHT = 0.1;
const [FIRST_SHAPE, LAST_SHAPE] = [200, 10_000];

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x ≥ 0.1 (Lanczos, g = 7), 1e-14 relative. */
function logGamma(x: number): number {
  const z = x - 1;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < 9; i++) sum += LANCZOS[i]! / (z + i);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Γ(2/g)² / (Γ(1/g) Γ(3/g)) of the shapes 0.200, 0.201 … 10.000; rises with the shape. */
const RATIOS = Float64Array.from({ length: LAST_SHAPE - FIRST_SHAPE + 1 }, (_, i) => {
  const g = (FIRST_SHAPE + i) / 1000;
  return Math.exp(2 * logGamma(2 / g) - logGamma(1 / g) - logGamma(3 / g));
});

/** Shape whose error, zero where its ratio is `ratio`, is the smallest. */
function shapeOf(ratio: number, error: (ratio: number) => number): number {
  let [low, high] = [0, RATIOS.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (RATIOS[middle]! <= ratio) low = middle;
    else high = middle;
  }
  const best = error(RATIOS[high]!) < error(RATIOS[low]!) ? high : low;
  return (FIRST_SHAPE + best) / 1000;
}

const quotient = (a: number, b: number) => (b > 0 ? a / b : Number.NaN);

/** Symmetric generalised Gaussian. */
export interface Gaussian {
  readonly shape: number;
  readonly std: number;
}

/** Fit by the variance and the mean absolute deviation. */
export function fitGaussian(plane: Plane): Gaussian {
  const { data } = plane;
  const mean = meanOf(plane);
  let [squares, absolute] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]! - mean;
    squares += value * value;
    absolute += Math.abs(value);
  }
  const std = Math.sqrt(squares / data.length);
  if (absolute === 0) return { shape: FIRST_SHAPE / 1000, std };
  const wanted = (squares * data.length) / (absolute * absolute);
  return { shape: shapeOf(1 / wanted, (ratio) => Math.abs(wanted - 1 / ratio)), std };
}

/** Generalised Gaussian with a variance of each side, and the skewness of its sample. */
export interface AsymmetricGaussian {
  readonly shape: number;
  /** Variance of the negative side. */
  readonly left: number;
  /** Variance of the positive side. */
  readonly right: number;
  readonly skew: number;
}

/** Fit to the products of a map's neighbours: the map times itself moved by an offset, cyclic. */
export function fitProducts({ width, height, data }: Plane, [down, right]: Offset): AsymmetricGaussian {
  let [negative, positive, absolute, signed, sum, squares, cubes] = [0, 0, 0, 0, 0, 0, 0];
  for (let y = 0; y < height; y++) {
    const from = ((y - down + height) % height) * width;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      const column = x - right;
      const value = data[i]! * data[from + (column < 0 ? column + width : column)]!;
      const size = Math.abs(value);
      const square = value * value;
      positive += value > FLAT ? 1 : 0;
      negative += value < -FLAT ? 1 : 0;
      absolute += size;
      signed += size * value;
      sum += value;
      squares += square;
      cubes += square * value;
    }
  }
  const n = data.length;
  const flat = FLAT_WEIGHT * (n - negative - positive);
  const left = quotient((squares - signed) / 2, negative && negative + flat);
  const rightVariance = quotient((squares + signed) / 2, positive && positive + flat);
  const [mean, second] = [sum / n, squares / n];
  const variance = second - mean * mean;
  const skew = quotient(cubes / n - 3 * mean * second + 2 * mean ** 3, variance ** 1.5);
  if (!(left > 0 && rightVariance > 0))
    return { shape: FIRST_SHAPE / 1000, left, right: rightVariance, skew };
  const gamma = Math.sqrt(left / rightVariance);
  const wanted =
    ((absolute / n) ** 2 / second) * (((gamma ** 3 + 1) * (gamma + 1)) / (gamma * gamma + 1) ** 2);
  return { shape: shapeOf(wanted, (ratio) => (ratio - wanted) ** 2), left, right: rightVariance, skew };
}

/** Standardised moments of a sample; NaN of a constant. */
export interface Moments {
  readonly mean: number;
  /** Root of the mean square. */
  readonly rms: number;
  readonly skew: number;
  /** 3 of a normal distribution. */
  readonly kurtosis: number;
}

export function momentsOf(plane: Plane): Moments {
  const { data } = plane;
  const mean = meanOf(plane);
  let [second, third, fourth] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i]! - mean;
    const square = value * value;
    second += square;
    third += square * value;
    fourth += square * square;
  }
  const n = data.length;
  const variance = second / n;
  return {
    mean,
    rms: Math.sqrt(variance + mean * mean),
    skew: quotient(third / n, variance ** 1.5),
    kurtosis: quotient(fourth / n, variance * variance),
  };
}
