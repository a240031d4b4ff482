/** Agreement metrics of the rows, computed in a worker, one request at a time. */
import { useEffect, useRef, useState } from 'react';
import type { BatchRow } from '../../../core/files/batch.ts';
import type { BatchMetrics } from '../../../core/stats/batch-metrics.ts';
import { createMetricsClient } from '../../../workers/metrics/client.ts';

export const metricsClient = createMetricsClient();
/** Milliseconds between two requests while a batch runs. */
const PAUSE = 1500;

/** The part of a row that metrics are computed from. */
export const slimRow = ({ path, state, score, mos, dataset }: BatchRow) => ({
  path,
  state,
  score,
  ...(mos === undefined ? {} : { mos }),
  ...(dataset === undefined ? {} : { dataset }),
});

export function useMetrics(rows: readonly BatchRow[]): BatchMetrics | null {
  const [metrics, setMetrics] = useState<BatchMetrics | null>(null);
  const latest = useRef(rows);
  const busy = useRef(false);
  const requested = useRef<readonly BatchRow[] | null>(null);
  useEffect(() => {
    latest.current = rows;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = async () => {
      if (busy.current || requested.current === latest.current) return;
      busy.current = true;
      requested.current = latest.current;
      try {
        setMetrics(await metricsClient.metrics(latest.current.map(slimRow)));
      } finally {
        busy.current = false;
        timer = setTimeout(() => void next(), PAUSE);
      }
    };
    void next();
    return () => clearTimeout(timer);
  }, [rows]);
  return metrics;
}
