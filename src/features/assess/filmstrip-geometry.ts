/**
 * Geometry of the filmstrip. Its axis is the frame number: frame i lies in [i / L, (i + 1) / L] of the width, also with a
 * variable frame rate. Positions are fractions of the width, 0 … 1.
 */

export interface Cell {
  readonly index: number;
  /** Ends of the cell as shares of the strip's width, [0, 1]. */
  readonly from: number;
  readonly to: number;
  /** Middle of the frame on the axis. */
  readonly marker: number;
  /** Repeats the frame of the cell before it (clips with fewer frames than cells). */
  readonly repeats: boolean;
}

/** N equal cells under the player, with a marker at each frame's own position. */
export function cellsOf(sampled: readonly number[], L: number): Cell[] {
  const N = sampled.length;
  return sampled.map((index, k) => ({
    index,
    from: k / N,
    to: (k + 1) / N,
    marker: axisPosition(index, L),
    repeats: k > 0 && sampled[k - 1] === index,
  }));
}

/** Middle of a frame on the axis. */
export const axisPosition = (frame: number, L: number): number => (L > 0 ? (frame + 0.5) / L : 0);

/** Frame under a position on the axis. */
export const frameUnder = (position: number, L: number): number =>
  Math.min(L - 1, Math.max(0, Math.floor(position * L)));

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600] as const;

/** Seconds between ticks: the smallest round step that gives at most `most` of them. */
export function tickStep(duration: number, most = 60): number {
  return STEPS.find((step) => duration / step <= most) ?? Math.ceil(duration / most / 3600) * 3600;
}

/**
 * Positions of whole seconds, each inside the frame that is on screen then.
 *
 * @param times presentation time of each frame in seconds, ascending, [L]
 */
export function secondTicks(times: ArrayLike<number>, duration: number, most = 60): number[] {
  const L = times.length;
  const step = tickStep(duration, most);
  const ticks: number[] = [];
  let frame = 0;
  for (let second = step; second < duration; second += step) {
    while (frame + 1 < L && times[frame + 1]! <= second) frame += 1;
    const from = times[frame]!;
    const to = times[frame + 1] ?? Math.max(duration, from);
    const inside = to > from ? Math.min(1, Math.max(0, (second - from) / (to - from))) : 0;
    ticks.push((frame + inside) / L);
  }
  return ticks;
}

/** One bracket over a range of cells: from the first to the last highlighted one. */
export function bracketOf(frames: readonly number[], N: number): { from: number; to: number } | null {
  const inside = frames.filter((k) => k >= 0 && k < N);
  if (inside.length === 0) return null;
  return { from: Math.min(...inside) / N, to: (Math.max(...inside) + 1) / N };
}

/** Cell that shows exactly this source frame, or −1. */
export function sampledAt(sampled: readonly number[], frame: number): number {
  return sampled.indexOf(frame);
}

/** Source frame of the next or previous sampled one, seen from `frame`; the ends stay. */
export function neighbourSampled(sampled: readonly number[], frame: number, by: 1 | -1): number {
  if (by > 0) return sampled.find((index) => index > frame) ?? frame;
  return sampled.findLast((index) => index < frame) ?? frame;
}
