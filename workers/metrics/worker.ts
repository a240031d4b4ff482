/** Correlations of thousands of rows with their bootstrap, and calibrations: seconds of work that would block the page. */
import type { BatchRow } from '../../core/files/batch.ts';
import { batchMetrics, isPair } from '../../core/stats/batch-metrics.ts';
import { calibrationOf } from '../../core/stats/calibration.ts';
import { expose } from '../thread/rpc.ts';
import type { MetricsApi, MetricsRow } from './api.ts';

const whole = (row: MetricsRow): BatchRow => ({ ...row, bytes: 0, modified: 0, named: [] });

const api: MetricsApi = {
  metrics: (rows) => batchMetrics(rows.map(whole)),
  calibrate(rows, about) {
    const pairs = rows.map(whole).filter(isPair);
    return calibrationOf(
      pairs.map(({ score }) => score),
      pairs.map(({ mos }) => mos),
      about,
    );
  },
};

expose(api);
