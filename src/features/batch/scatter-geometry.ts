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

/** @param top room above the points */
export function scatterScales(
  points: readonly XY[],
  range: readonly [number, number],
  width: number,
  height: number,
  top = 22,
): Scales {
  const [left, right, bottom] = [38, width - 8, height - 38];
  const xLow = points.reduce((low, { score }) => Math.min(low, score), range[0]);
  const xHigh = points.reduce((high, { score }) => Math.max(high, score), range[1]);
  const lowest = points.reduce((low, { mos }) => Math.min(low, mos), Number.POSITIVE_INFINITY);
  const highest = points.reduce((high, { mos }) => Math.max(high, mos), Number.NEGATIVE_INFINITY);
  const flat = !(highest > lowest);
  const yTicks = ticks(
    flat ? (points[0]?.mos ?? 0) - 1 : lowest,
    flat ? (points[0]?.mos ?? 0) + 1 : highest,
    5,
  );
  const step = (yTicks[1] ?? 1) - (yTicks[0] ?? 0);
  const yLow = Math.min(yTicks[0] ?? 0, flat ? Number.POSITIVE_INFINITY : lowest - step * 0.1);
  const yHigh = Math.max(yTicks.at(-1) ?? 1, flat ? Number.NEGATIVE_INFINITY : highest + step * 0.1);
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
