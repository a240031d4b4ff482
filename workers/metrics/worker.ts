/** Correlations of thousands of rows with their bootstrap: seconds of work that would block the page. */
import { batchMetrics } from '../../core/stats/batch-metrics.ts';
import { expose } from '../thread/rpc.ts';
import type { MetricsApi } from './api.ts';

const api: MetricsApi = {
  metrics: (rows) => batchMetrics(rows.map((row) => ({ ...row, bytes: 0, modified: 0, named: [] }))),
};

expose(api);
