/** Band of a level score: the paper's five bins of 20 points, closed below; the top belongs to the best. Ours. */

/** @param percent 0 to 100 @returns 1 (low) to 5 (high) */
export function levelBand(percent: number): 1 | 2 | 3 | 4 | 5 {
  return (1 + Math.min(4, Math.max(0, Math.floor(percent / 20)))) as 1 | 2 | 3 | 4 | 5;
}

/** The score as shown, of 100. */
export const levelText = (percent: number): string => percent.toFixed(1);
