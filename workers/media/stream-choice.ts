/** Choice of the video stream where a file has several. */

export interface StreamFacts {
  readonly isDefault: boolean;
  /** Made for people who do not see or hear well; loses against every other. */
  readonly impaired: boolean;
  readonly packets: number;
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Place of the stream that `av_find_best_stream` of ffmpeg takes: default disposition, then min(5, probed frames), then
 * bit rate, then probed frames; the earlier one on a tie.
 */
export function bestStream(streams: readonly StreamFacts[]): number {
  const key = (s: StreamFacts) => [
    (s.impaired ? 0 : 1) + (s.isDefault ? 1 : 0),
    Math.min(5, s.packets),
    s.seconds > 0 ? Math.trunc((s.bytes * 8) / s.seconds) : 0,
    s.packets,
  ];
  let best = 0;
  for (let i = 1; i < streams.length; i++) {
    const [a, b] = [key(streams[best]!), key(streams[i]!)];
    const differs = a.findIndex((value, k) => value !== b[k]);
    if (differs >= 0 && b[differs]! > a[differs]!) best = i;
  }
  return best;
}
