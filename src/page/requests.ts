/**
 * Every request since the page was loaded, as the browser's own resource timing recorded it. Each worker
 * has its own timeline and reports it over a broadcast channel (`workers/thread/requests.ts`).
 */
import { useSyncExternalStore } from 'react';
import { REQUESTS_CHANNEL, type ReportedRequest, reportOf } from '../../workers/thread/request-report.ts';

export interface RequestEntry {
  readonly address: string;
  /** Initiator as the browser names it: `script`, `fetch`, `navigation`, … */
  readonly kind: string;
  readonly by: 'page' | 'worker';
  /** Bytes that came over the network; 0 when it came from a cache; null when the browser does not report it. */
  readonly bytes: number | null;
  /** Seconds after the start of the navigation. */
  readonly at: number;
  /** True for a request to the page's origin. */
  readonly sameOrigin: boolean;
}

export interface RequestLog {
  readonly entries: readonly RequestEntry[];
  /** Entries that the browser's buffer had no room for. */
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

/** Starts to record; called once, first of all. Earlier requests are in the browser's buffer. */
export function recordRequests(): void {
  const report = (entry: PerformanceEntry) =>
    reportOf(entry as PerformanceResourceTiming, performance.timeOrigin);
  // The third argument of the callback is in the standard and not yet in TypeScript's library.
  const take = (list: PerformanceObserverEntryList, ...rest: unknown[]) => {
    const { droppedEntriesCount = 0 } = (rest[1] ?? {}) as { droppedEntriesCount?: number };
    add(list.getEntries().map(report), 'page', droppedEntriesCount);
  };
  // The navigation entry exists from the start and would be reported again when it is complete.
  add(performance.getEntriesByType('navigation').map(report), 'page');
  new PerformanceObserver(take).observe({ type: 'resource', buffered: true });
  new BroadcastChannel(REQUESTS_CHANNEL).addEventListener(
    'message',
    (event: MessageEvent<ReportedRequest[]>) => {
      add(event.data, 'worker');
    },
  );
}

/** Addresses on the page's origin requested so far by the page and its workers. */
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
