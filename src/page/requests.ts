/**
 * Every request since the page was loaded, as the browser's own resource timing recorded it. Workers have timelines
 * of their own; they tell theirs over a broadcast channel (`workers/thread/requests.ts`).
 */
import { useSyncExternalStore } from 'react';
import { REQUESTS_CHANNEL, type ReportedRequest, reportOf } from '../../workers/thread/request-report.ts';

export interface RequestEntry {
  readonly address: string;
  /** What asked for it, as the browser calls it: `script`, `fetch`, `navigation`, … */
  readonly kind: string;
  readonly by: 'page' | 'worker';
  /** Bytes that came over the network; 0 when it came from a cache; null when the browser does not tell. */
  readonly bytes: number | null;
  /** Seconds after the page was asked for. */
  readonly at: number;
  /** Whether it went to the page's own site. */
  readonly sameOrigin: boolean;
}

export interface RequestLog {
  readonly entries: readonly RequestEntry[];
  /** Entries that the browser had no room for before the page could listen. */
  readonly dropped: number;
}

/** Addresses inside the browser (`blob:`, `data:`) are no requests. */
export function toEntry(
  request: ReportedRequest,
  by: RequestEntry['by'],
  origin: string,
  start: number,
): RequestEntry | null {
  const url = new URL(request.name, origin);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  const sameOrigin = url.origin === origin;
  const reported = request.transferSize > 0 || request.decodedBodySize > 0;
  return {
    address: sameOrigin ? url.pathname + url.search : url.href,
    kind: request.initiatorType,
    by,
    bytes: reported ? request.transferSize : null,
    at: Math.max(0, (request.startedAt - start) / 1000),
    sameOrigin,
  };
}

let log: RequestLog = { entries: [], dropped: 0 };
const listeners = new Set<() => void>();

function add(requests: readonly ReportedRequest[], by: RequestEntry['by'], dropped = 0): void {
  const fresh = requests
    .map((request) => toEntry(request, by, location.origin, performance.timeOrigin))
    .filter((entry) => entry !== null);
  if (fresh.length === 0 && dropped === 0) return;
  log = { entries: [...log.entries, ...fresh], dropped: log.dropped + dropped };
  for (const listener of listeners) listener();
}

/** Starts to record; called once, before anything else is loaded. What came before is in the browser's buffer. */
export function recordRequests(): void {
  const report = (entry: PerformanceEntry) =>
    reportOf(entry as PerformanceResourceTiming, performance.timeOrigin);
  // The third argument of the callback is in the standard and not yet in TypeScript's library.
  const take = (list: PerformanceObserverEntryList, ...rest: unknown[]) => {
    const { droppedEntriesCount = 0 } = (rest[1] ?? {}) as { droppedEntriesCount?: number };
    add(list.getEntries().map(report), 'page', droppedEntriesCount);
  };
  // The page itself: its entry is there from the start and would be told again when it is complete.
  add(performance.getEntriesByType('navigation').map(report), 'page');
  new PerformanceObserver(take).observe({ type: 'resource', buffered: true });
  new BroadcastChannel(REQUESTS_CHANNEL).addEventListener(
    'message',
    (event: MessageEvent<ReportedRequest[]>) => {
      add(event.data, 'worker');
    },
  );
}

/** Addresses on the page's own site that were asked for so far, by the page and its workers. */
export const sameOriginAddresses = (): string[] =>
  log.entries.filter(({ sameOrigin }) => sameOrigin).map(({ address }) => address);

export function useRequests(): RequestLog {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => log,
  );
}
