/** Scales and ticks of the scatter plot, in its own units. */

export interface XY {
  readonly score: number;
  readonly mos: number;
}

export interface Scales {
  readonly x: (score: number) => number;
  readonly y: (mos: number) => number;
  readonly extent: readonly [number, number];
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Range of the human scores of rows; null without any. */
export function opinionRange(rows: readonly { readonly mos?: number }[]): readonly [number, number] | null {
  const scores = rows.flatMap(({ mos }) => (mos === undefined ? [] : [mos]));
  if (scores.length === 0) return null;
  return [scores.reduce((a, b) => Math.min(a, b)), scores.reduce((a, b) => Math.max(a, b))];
}

/** About `n` round values that cover the range. */
export function ticks(low: number, high: number, n: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * @param opinions range of the human scores of all rows, scored or not; null without any
 * @param top room above the points
 */
export function scatterScales(
  points: readonly XY[],
  range: readonly [number, number],
  opinions: readonly [number, number] | null,
  width: number,
  height: number,
  top = 22,
): Scales {
  const [left, right, bottom] = [38, width - 8, height - 38];
  const xLow = points.reduce((low, { score }) => Math.min(low, score), range[0]);
  const xHigh = points.reduce((high, { score }) => Math.max(high, score), range[1]);
  const [lowest, highest] = opinions ?? [0, 0];
  const flat = !(highest > lowest);
  // Equal human scores have one tick, and none has none: the axis shows only numbers that are in the table.
  const yTicks = opinions === null ? [] : ticks(lowest, highest, 5);
  const step = (yTicks[1] ?? 1) - (yTicks[0] ?? 0);
  const yLow = flat ? lowest - 1 : Math.min(yTicks[0] ?? lowest, lowest - step * 0.1);
  const yHigh = flat ? highest + 1 : Math.max(yTicks.at(-1) ?? highest, highest + step * 0.1);
  return {
    x: (score) => left + ((score - xLow) / (xHigh - xLow || 1)) * (right - left),
    y: (mos) => bottom - ((mos - yLow) / (yHigh - yLow || 1)) * (bottom - top),
    extent: [xLow, xHigh],
    xTicks: ticks(xLow, xHigh, 5),
    yTicks,
    left,
    top,
    right,
    bottom,
  };
}

/** Counts of scores in `n` equal bins of a range; scores beyond it count in the first or last bin. */
export function histogram(scores: readonly number[], [low, high]: readonly [number, number], n: number) {
  const bins = Array.from({ length: n }, () => 0);
  for (const score of scores) {
    const at = Math.min(n - 1, Math.max(0, Math.floor(((score - low) / (high - low || 1)) * n)));
    bins[at] = (bins[at] ?? 0) + 1;
  }
  return bins;
}

/** Index of the point nearest to (x, y); null without points. */
export function nearestPoint(points: readonly XY[], scales: Scales, x: number, y: number): number | null {
  let best: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  points.forEach(({ score, mos }, i) => {
    const distance = (scales.x(score) - x) ** 2 + (scales.y(mos) - y) ** 2;
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}
