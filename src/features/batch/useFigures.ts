/** Figures of the rows, worked out beside the page, at most one question at a time. */
import { useEffect, useRef, useState } from 'react';
import type { BatchRow } from '../../../core/files/batch.ts';
import type { BatchFigures } from '../../../core/stats/figures.ts';
import { createFiguresClient } from '../../../workers/figures/client.ts';

const ask = createFiguresClient();
/** Milliseconds between two answers while a batch runs. */
const PAUSE = 1500;

const slim = ({ path, state, score, mos, dataset }: BatchRow) => ({
  path,
  state,
  score,
  ...(mos === undefined ? {} : { mos }),
  ...(dataset === undefined ? {} : { dataset }),
});

export function useFigures(rows: readonly BatchRow[]): BatchFigures | null {
  const [figures, setFigures] = useState<BatchFigures | null>(null);
  const latest = useRef(rows);
  const busy = useRef(false);
  const told = useRef<readonly BatchRow[] | null>(null);
  useEffect(() => {
    latest.current = rows;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = async () => {
      if (busy.current || told.current === latest.current) return;
      busy.current = true;
      told.current = latest.current;
      try {
        setFigures(await ask(latest.current.map(slim)));
      } finally {
        busy.current = false;
        timer = setTimeout(() => void next(), PAUSE);
      }
    };
    void next();
    return () => clearTimeout(timer);
  }, [rows]);
  return figures;
}
