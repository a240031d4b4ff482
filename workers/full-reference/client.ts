/** Client of the full-reference worker, which lives as long as one measurement. */
import { proxy, workerFailed, wrap } from '../thread/rpc.ts';
import type { ComparedLuma, FullReferenceApi, MeasureReport, MeasureRequest, MetricBatch } from './api.ts';

export interface MeasureListener {
  readonly onPlan: (luma: ComparedLuma) => void;
  readonly onBatch: (batch: MetricBatch) => void;
}

export type Measure = (
  request: MeasureRequest,
  listener: MeasureListener,
  signal: AbortSignal,
) => Promise<MeasureReport>;

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'full-reference' });
}

/**
 * Measures two videos in a worker of its own. The signal ends the worker at once, with `AbortError`.
 *
 * @throws as `FullReferenceApi.measure`
 */
export const measureVideos: Measure = async (request, { onPlan, onBatch }, signal) => {
  signal.throwIfAborted();
  const worker = startWorker();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    const report = wrap<FullReferenceApi>(worker).measure(request, proxy(onPlan), proxy(onBatch));
    return await Promise.race([report, workerFailed(worker), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    worker.terminate();
  }
};
