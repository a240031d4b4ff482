/**
 * Reports a worker's network requests to the page, for the list of the privacy panel: they are on the worker's own
 * performance timeline, which the page cannot read. Imported for its effect, first in each worker.
 */
import { REQUESTS_CHANNEL, reportOf } from './request-report.ts';

const channel = new BroadcastChannel(REQUESTS_CHANNEL);

new PerformanceObserver((list) => {
  const entries = list.getEntries() as PerformanceResourceTiming[];
  channel.postMessage(entries.map((entry) => reportOf(entry, performance.timeOrigin)));
}).observe({ type: 'resource', buffered: true });
