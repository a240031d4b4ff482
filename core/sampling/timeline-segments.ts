/** Segments of a quality timeline: a clip cut into parts, and the order in which they are assessed. Ours. */

/** Length of a segment in seconds: the shortest, the longest, and the default. */
export const SEGMENT_SECONDS = { least: 5, most: 60, usual: 10 } as const;

export interface Segment {
  /** First source frame. */
  readonly from: number;
  /** Number of frames, at least 1. */
  readonly frames: number;
  /** Begin and end in seconds from the clip's first frame. */
  readonly start: number;
  readonly end: number;
}

/** First frame that is shown at `time` or later; the number of frames where there is none. */
function firstAt(times: ArrayLike<number>, time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Cuts a clip into segments of `seconds` that cover it without overlap, every frame in exactly one. A rest of less than
 * half a segment is joined to the last one; a stretch in which no new frame is shown belongs to the segment before it.
 *
 * @param times presentation time of every frame in seconds, ascending, [L]
 * @param duration of the clip in seconds
 */
export function segmentsOf(times: ArrayLike<number>, duration: number, seconds: number): Segment[] {
  const L = times.length;
  if (L === 0 || !(seconds > 0)) return [];
  const end = Math.max(duration, times[L - 1]!);
  const count = Math.max(1, Math.round(end / seconds));
  const cuts: { from: number; start: number }[] = [{ from: 0, start: 0 }];
  for (let k = 1; k < count; k++) {
    const from = firstAt(times, k * seconds);
    if (from >= L) break;
    // No new frame was shown since the previous cut: that cut moves here.
    if (from === cuts.at(-1)!.from && cuts.length > 1) cuts.pop();
    if (from > cuts.at(-1)!.from) cuts.push({ from, start: k * seconds });
  }
  return cuts.map(({ from, start }, k) => {
    const next = cuts[k + 1];
    return { from, frames: (next?.from ?? L) - from, start, end: next?.start ?? end };
  });
}

/** Score of a segment: null when it was assessed without a score, undefined before it is assessed. */
export type SegmentScore = number | null | undefined;

/** Differences below this are taken as equal: scores have two decimals, and their second one says little. */
const EQUAL = 0.1;

/**
 * Index of the segment to assess next: both ends, the middle, then the middle of the gap whose neighbouring scores
 * differ most; among equal ones the widest gap, then the earliest. Null when all are assessed.
 */
export function nextSegment(assessed: readonly SegmentScore[]): number | null {
  const last = assessed.length - 1;
  if (last < 0) return null;
  if (assessed[0] === undefined) return 0;
  if (assessed[last] === undefined) return last;
  let best: { at: number; difference: number; width: number } | null = null;
  /** Score at the left of the gap, from the nearest segment that has one. */
  let left: number | null = assessed[0];
  let from = 0;
  for (let i = 1; i <= last; i++) {
    if (assessed[i] === undefined) continue;
    const width = i - from;
    if (width > 1) {
      const right = assessed.slice(i).find((score) => typeof score === 'number');
      const difference = left === null || right == null ? 0 : Math.floor(Math.abs(left - right) / EQUAL);
      const better =
        !best || difference > best.difference || (difference === best.difference && width > best.width);
      if (better) best = { at: from + (width >> 1), difference, width };
    }
    left = assessed[i] ?? left;
    from = i;
  }
  return best?.at ?? null;
}

/** Indices of the lowest scores, worst first, at most `most`; equal ones in the order of time. */
export function worstSegments(assessed: readonly SegmentScore[], most = 3): number[] {
  return assessed
    .flatMap((score, at) => (typeof score === 'number' ? [{ score, at }] : []))
    .sort((a, b) => a.score - b.score || a.at - b.at)
    .slice(0, most)
    .map(({ at }) => at);
}
