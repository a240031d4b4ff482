/** Client of the conversion worker. */
import type { Manifest } from '../../core/files/manifest.ts';
import { proxy, releaseProxy, workerFailed, wrap } from '../thread/rpc.ts';
import type { ConvertApi, ConvertProgress, ConvertRequest } from './api.ts';

let nextJob = 1;

/**
 * Converts in a worker that ends with the job.
 *
 * @throws CodedError `convert/*`; AbortError after the signal
 */
export async function convertInWorker(
  request: Omit<ConvertRequest, 'job'>,
  onProgress: (progress: ConvertProgress) => void,
  signal?: AbortSignal,
): Promise<Manifest> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'convert' });
  const remote = wrap<ConvertApi>(worker);
  const job = nextJob++;
  const stop = () => void remote.abort(job);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([remote.convert({ ...request, job }, proxy(onProgress)), workerFailed(worker)]);
  } finally {
    signal?.removeEventListener('abort', stop);
    remote[releaseProxy]();
    worker.terminate();
  }
}
