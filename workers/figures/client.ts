import type { BatchFigures } from '../../src/core/batch/figures.ts';
import { type Remote, wrap } from '../rpc.ts';
import type { FigureRow, FiguresApi } from './api.ts';

/** Figures off the page's thread; the worker starts with the first question and stays. */
export function createFiguresClient(): (rows: readonly FigureRow[]) => Promise<BatchFigures> {
  let remote: Remote<FiguresApi> | null = null;
  return (rows) => {
    remote ??= wrap<FiguresApi>(
      new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'figures' }),
    );
    return remote.figures(rows);
  };
}
