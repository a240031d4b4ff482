import { PendingCalls } from '../thread/pending-calls.ts';
import { type Remote, workerFailed, wrap } from '../thread/rpc.ts';
import type { MetricsApi } from './api.ts';

type Asynchronous<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never;
};
export type MetricsClient = Asynchronous<MetricsApi>;

/** Metrics of a benchmark, computed in a worker that starts with the first call and stays. */
export function createMetricsClient(): MetricsClient {
  let connection: { readonly remote: Remote<MetricsApi>; readonly pending: PendingCalls } | null = null;
  const connected = () => {
    if (connection) return connection;
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'metrics' });
    const pending = new PendingCalls();
    workerFailed(worker).catch((reason) => pending.rejectAll(reason));
    connection = { remote: wrap<MetricsApi>(worker), pending };
    return connection;
  };
  return {
    metrics(rows) {
      const { pending, remote } = connected();
      return pending.track(remote.metrics(rows));
    },
    calibrate(rows, about) {
      const { pending, remote } = connected();
      return pending.track(remote.calibrate(rows, about));
    },
  };
}
