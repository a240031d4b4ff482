/**
 * Mean and variance, stable where values are equal or nearly so. Held to the official code by
 * golden/rules/rewards.json: change only with it.
 */

/**
 * Mean taken about the first value: equal values give exactly that value, and a large common offset costs no digits.
 * NaN of an empty list.
 */
export function mean(values: readonly number[]): number {
  const first = values[0];
  if (first === undefined) return Number.NaN;
  if (!Number.isFinite(first)) return values.reduce((sum, value) => sum + value, 0) / values.length;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

/** Variance about the mean, divided by n − 1 (`sample`; NaN for n = 1) or by n (`population`). */
export function variance(values: readonly number[], form: 'sample' | 'population'): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return squares / (values.length - (form === 'sample' ? 1 : 0));
}
