/**
 * The normal distribution in doubles. Both tails are computed separately, so that Φ(−z) keeps its relative precision
 * where 1 − Φ(z) would cancel. Held to the official code by golden/rules/rewards.json: change only with it.
 */

/** Below it the power series, above it the continued fraction: where both still reach a few ulp. */
const SERIES_LIMIT = 2;

/** exp(−x²) without the error that rounding x² brings: x² = h² + (x−h)(x+h), and h² is exact. */
function expOfMinusSquare(x: number): number {
  const h = Math.fround(x);
  return Math.exp(-h * h) * Math.exp(-(x - h) * (x + h));
}

/** erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!, all terms of one sign. For |x| ≤ 2. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * expOfMinusSquare(x) * sum;
}

/** erfc(x) = e^(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), from the inside out. For x ≥ 2. */
function erfcFraction(x: number): number {
  const depth = Math.ceil(20 + 400 / (x * x));
  let fraction = x;
  for (let n = depth; n >= 1; n--) fraction = x + n / 2 / fraction;
  return expOfMinusSquare(x) / (Math.sqrt(Math.PI) * fraction);
}

/** Error function, relative error below 1e-15. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (Math.abs(x) <= SERIES_LIMIT) return erfSeries(x);
  return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
}

/** Complementary error function 1 − erf(x), relative error below 1e-13, down to the smallest double. */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (x < SERIES_LIMIT) return x < -SERIES_LIMIT ? 2 - erfc(-x) : 1 - erfSeries(x);
  return x > 27.3 ? 0 : erfcFraction(x);
}

/** Φ(z), the standard normal distribution function. */
export function normalCdf(z: number): number {
  return erfc(-z / Math.SQRT2) / 2;
}

/** Φ(z) and Φ(−z), for one evaluation: the smaller one is computed, the larger is its complement. */
export function normalTails(z: number): { readonly lower: number; readonly upper: number } {
  const small = erfc(Math.abs(z) / Math.SQRT2) / 2;
  return z < 0 ? { lower: small, upper: 1 - small } : { lower: 1 - small, upper: small };
}
