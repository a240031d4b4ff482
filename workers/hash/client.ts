import { releaseProxy, workerFailed, wrap } from '../thread/rpc.ts';
import type { HashApi } from './api.ts';

/** SHA-256 of a file, computed in a worker that ends with the job. */
export async function hashFile(file: Blob): Promise<string> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'hash' });
  const remote = wrap<HashApi>(worker);
  try {
    return await Promise.race([remote.hash(file), workerFailed(worker)]);
  } finally {
    remote[releaseProxy]();
    worker.terminate();
  }
}
