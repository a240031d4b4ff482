/** Limits of a number. Ours. */

/** `x`, or the nearer end of [low, high] where it lies outside. */
export function clamp(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(x, high));
}
