import type { BatchFigures } from '../../core/stats/figures.ts';
import { Lifeline } from '../thread/pending-calls.ts';
import { deathOf, type Remote, wrap } from '../thread/rpc.ts';
import type { FigureRow, FiguresApi } from './api.ts';

/** Figures off the page's thread; the worker starts with the first question and stays. */
export function createFiguresClient(): (rows: readonly FigureRow[]) => Promise<BatchFigures> {
  let made: { readonly remote: Remote<FiguresApi>; readonly life: Lifeline } | null = null;
  return (rows) => {
    if (!made) {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'figures' });
      const life = new Lifeline();
      deathOf(worker).catch((reason) => life.end(reason));
      made = { remote: wrap<FiguresApi>(worker), life };
    }
    return made.life.during(made.remote.figures(rows));
  };
}
