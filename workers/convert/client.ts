/** Client of the conversion worker, which ends with each job. */
import { proxy, type Remote, releaseProxy, workerFailed, wrap } from '../thread/rpc.ts';
import type {
  CheckpointOffer,
  CheckpointSource,
  ConvertApi,
  ConvertProgress,
  ConvertRequest,
} from './api.ts';

const JOB = 1;

async function inWorker<T>(
  work: (remote: Remote<ConvertApi>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'convert' });
  const remote = wrap<ConvertApi>(worker);
  const stop = () => void remote.abort(JOB);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work(remote), workerFailed(worker)]);
  } finally {
    signal?.removeEventListener('abort', stop);
    remote[releaseProxy]();
    worker.terminate();
  }
}

/** @throws CodedError `convert/*`, `hub/*`; AbortError after the signal */
export const lookInWorker = (source: CheckpointSource, signal?: AbortSignal): Promise<CheckpointOffer> =>
  inWorker((remote) => remote.look(source, JOB), signal);

/** @throws CodedError `convert/*`, `hub/*`; AbortError after the signal */
export const convertInWorker = (
  request: ConvertRequest,
  onProgress: (progress: ConvertProgress) => void,
  signal?: AbortSignal,
): Promise<string> => inWorker((remote) => remote.convert(request, JOB, proxy(onProgress)), signal);
