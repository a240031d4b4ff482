/**
 * A worker's requests are on a timeline of its own, which the page cannot see: it tells them, so that the list of the
 * privacy panel is complete. Imported for its effect, first in each worker.
 */
import { REQUESTS_CHANNEL, reportOf } from './request-report.ts';

const channel = new BroadcastChannel(REQUESTS_CHANNEL);

new PerformanceObserver((list) => {
  const entries = list.getEntries() as PerformanceResourceTiming[];
  channel.postMessage(entries.map((entry) => reportOf(entry, performance.timeOrigin)));
}).observe({ type: 'resource', buffered: true });
