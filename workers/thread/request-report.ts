/** A request of a worker, reported to the page for the privacy panel. */
export interface ReportedRequest {
  readonly name: string;
  readonly initiatorType: string;
  readonly transferSize: number;
  readonly decodedBodySize: number;
  /** ms since 1970, so that the timelines of page and workers agree. */
  readonly startedAt: number;
}

export const REQUESTS_CHANNEL = 'vqathinker.requests';

/** @param origin `performance.timeOrigin` of the thread that the entry comes from */
export function reportOf(entry: PerformanceResourceTiming, origin: number): ReportedRequest {
  const { name, initiatorType, transferSize, decodedBodySize, startTime } = entry;
  return { name, initiatorType, transferSize, decodedBodySize, startedAt: origin + startTime };
}
