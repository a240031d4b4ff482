import type { BatchFigures } from '../../src/core/batch/figures.ts';
import type { BatchRow } from '../../src/core/batch/file.ts';

/** What figures are made of; the rest of a row stays on the page. */
export type FigureRow = Pick<BatchRow, 'path' | 'state' | 'score'> & {
  readonly mos?: number;
  readonly dataset?: string;
};

export interface FiguresApi {
  figures(rows: readonly FigureRow[]): BatchFigures;
}
