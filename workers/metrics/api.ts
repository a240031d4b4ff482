import type { BatchRow } from '../../core/files/batch.ts';
import type { BatchFigures } from '../../core/stats/figures.ts';

/** What figures are made of; the rest of a row stays on the page. */
export type MetricsRow = Pick<BatchRow, 'path' | 'state' | 'score'> & {
  readonly mos?: number;
  readonly dataset?: string;
};

export interface MetricsApi {
  metrics(rows: readonly MetricsRow[]): BatchFigures;
}
