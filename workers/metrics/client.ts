import type { BatchMetrics } from '../../core/stats/batch-metrics.ts';
import { PendingCalls } from '../thread/pending-calls.ts';
import { type Remote, workerFailed, wrap } from '../thread/rpc.ts';
import type { MetricsApi, MetricsRow } from './api.ts';

/** Figures off the page's thread; the worker starts with the first question and stays. */
export function createMetricsClient(): (rows: readonly MetricsRow[]) => Promise<BatchMetrics> {
  let made: { readonly remote: Remote<MetricsApi>; readonly pending: PendingCalls } | null = null;
  return (rows) => {
    if (!made) {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'metrics' });
      const pending = new PendingCalls();
      workerFailed(worker).catch((reason) => pending.rejectAll(reason));
      made = { remote: wrap<MetricsApi>(worker), pending };
    }
    return made.pending.track(made.remote.metrics(rows));
  };
}
