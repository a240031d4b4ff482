import type { BatchMetrics } from '../../core/stats/batch-metrics.ts';
import { PendingCalls } from '../thread/pending-calls.ts';
import { type Remote, workerFailed, wrap } from '../thread/rpc.ts';
import type { MetricsApi, MetricsRow } from './api.ts';

/** Metrics of a benchmark, computed in a worker that starts with the first call and stays. */
export function createMetricsClient(): (rows: readonly MetricsRow[]) => Promise<BatchMetrics> {
  let connection: { readonly remote: Remote<MetricsApi>; readonly pending: PendingCalls } | null = null;
  return (rows) => {
    if (!connection) {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'metrics' });
      const pending = new PendingCalls();
      workerFailed(worker).catch((reason) => pending.rejectAll(reason));
      connection = { remote: wrap<MetricsApi>(worker), pending };
    }
    return connection.pending.track(connection.remote.metrics(rows));
  };
}
