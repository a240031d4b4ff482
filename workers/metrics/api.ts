import type { BatchRow } from '../../core/files/batch.ts';
import type { Calibration } from '../../core/files/calibration.ts';
import type { BatchMetrics } from '../../core/stats/batch-metrics.ts';

/** The part of a benchmark row that metrics are computed from. */
export type MetricsRow = Pick<BatchRow, 'path' | 'state' | 'score'> & {
  readonly mos?: number;
  readonly dataset?: string;
};

export interface MetricsApi {
  metrics(rows: readonly MetricsRow[]): BatchMetrics;
  /** @throws CodedError `calibration/*` */
  calibrate(
    rows: readonly MetricsRow[],
    about: Pick<Calibration, 'app' | 'createdAt' | 'model' | 'table'>,
  ): Calibration;
}
