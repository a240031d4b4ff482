/**
 * Clocks that start again inside a file: recordings glued one after another, streams with discontinuities. Their packets
 * must not be sorted by time as a whole, since the pictures of both recordings would alternate.
 */

/** Pictures that may be decoded before one that is shown earlier (H.264 and HEVC allow 16). */
const MAX_REORDERED = 16;
/** A gap of more than an hour, and of more than so many usual gaps, is a jump of the clock, not a pause of the film. */
const JUMP = { seconds: 3600, gaps: 1000 };
/** Seconds by which a clock may step back between key packets without having started again. */
const JITTER = 1;

export interface JoinedClock {
  /** Presentation times by which the recordings follow each other. */
  readonly pts: Float64Array;
  /** First packets, in decode order, of the recordings after the first; empty for an ordinary file. */
  readonly restarts: readonly number[];
}

export interface Clock {
  /** In decode order, in units of 1/timescale seconds. */
  readonly pts: Float64Array;
  readonly timescale: number;
  /** 1 for packets that the container marks as key. */
  readonly key: Uint8Array;
  /** False for codecs whose packets are stored in presentation order (VP8, VP9, AV1). */
  readonly reorders: boolean;
  /** True where hours between two frames say that another recording begins. */
  readonly jumps: boolean;
  /** First packets of recordings where the container says so. */
  readonly stated?: readonly number[] | undefined;
}

/**
 * Recordings are kept in the order of the file, each shifted to begin one usual frame after the end of the last. A clock
 * starts again at a key packet that is shown before an earlier packet, or at any packet that is shown before more
 * packets than a decoder may hold back; it jumps where hours are missing.
 */
export function joinClocks(clock: Clock): JoinedClock {
  const ordered = clock.reorders ? clock.pts : withoutJitter(clock);
  const restarts = restartsOf({ ...clock, pts: ordered });
  if (restarts.length === 0) return { pts: ordered, restarts };
  const pts = Float64Array.from(ordered);
  let end = Number.NaN;
  for (const [i, from] of [0, ...restarts].entries()) {
    const part = pts.subarray(from, restarts[i] ?? pts.length);
    const sorted = Float64Array.from(part).sort();
    const gap = usualGap(sorted) || usualGap(Float64Array.from(pts.subarray(0, restarts[0])).sort()) || 1;
    const shift = i === 0 ? 0 : end - sorted[0]!;
    for (let d = 0; d < part.length; d++) part[d]! += shift;
    end = sorted.at(-1)! + shift + gap;
  }
  return { pts, restarts };
}

/** Times that step back by a little between key packets, as some live recorders write them, are held. */
function withoutJitter({ pts, key, timescale }: Clock): Float64Array {
  let held: Float64Array | undefined;
  for (let d = 1; d < pts.length; d++) {
    const before = (held ?? pts)[d - 1]!;
    if (pts[d]! >= before || key[d] || before - pts[d]! > JITTER * timescale) continue;
    held ??= Float64Array.from(pts);
    held[d] = before;
  }
  return held ?? pts;
}

function restartsOf({ pts, timescale, key, reorders, jumps, stated = [] }: Clock): number[] {
  // Where nearly every packet is marked, the marks say nothing: files without a table of key packets.
  const marked = key.reduce((sum, mark) => sum + mark, 0);
  const trusted = !reorders || marked * 2 <= pts.length;
  const restarts: number[] = [];
  /** Latest times of the recording, ascending. */
  let latest: number[] = [];
  let longGap: number | undefined;
  for (let d = 0; d < pts.length; d++) {
    const time = pts[d]!;
    const last = latest.at(-1);
    if (stated.includes(d)) {
      restarts.push(d);
      latest = [];
    } else if (last !== undefined && time < last) {
      const tooEarly = reorders
        ? latest.length > MAX_REORDERED && time < latest[0]!
        : last - time > JITTER * timescale;
      if (tooEarly || (trusted && key[d] === 1)) {
        restarts.push(d);
        latest = [];
      }
    } else if (jumps && last !== undefined && time - last > JUMP.seconds * timescale) {
      longGap ??= JUMP.gaps * usualGap(Float64Array.from(pts).sort());
      if (time - last > longGap) {
        restarts.push(d);
        latest = [];
      }
    }
    let at = latest.length;
    while (at > 0 && latest[at - 1]! > time) at--;
    latest.splice(at, 0, time);
    if (latest.length > MAX_REORDERED + 1) latest.shift();
  }
  return restarts;
}

/** Median distance of neighbours that differ; 0 where none do. */
function usualGap(sorted: Float64Array): number {
  const gaps = sorted
    .map((time, i) => (i === 0 ? 0 : time - sorted[i - 1]!))
    .filter((gap) => gap > 0)
    .sort();
  return gaps[gaps.length >> 1] ?? 0;
}
