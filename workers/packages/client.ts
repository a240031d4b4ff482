/** The package worker as the page sees it: started when first asked, calls with AbortSignals. */
import { proxy, type Remote, wrap } from '../rpc.ts';
import type { DownloadProgress, PackageAddress, PackagesApi } from './api.ts';

type OnProgress = (progress: DownloadProgress) => void;

export function createPackagesClient() {
  let remote: Remote<PackagesApi> | null = null;
  let jobs = 0;
  const worker = (): Remote<PackagesApi> => {
    remote ??= wrap<PackagesApi>(
      new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'packages' }),
    );
    return remote;
  };

  async function during<T>(signal: AbortSignal, work: (job: number) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const job = ++jobs;
    const stop = () => void worker().abort(job);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await work(job);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  return {
    machine: () => worker().machine(),
    list: () => worker().list(),
    look: (address: PackageAddress) => worker().look(address),
    download: (
      address: PackageAddress,
      manifestSha256: string,
      paths: readonly string[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ) => during(signal, (job) => worker().download(address, manifestSha256, paths, job, proxy(onProgress))),
    take: (
      files: readonly { readonly path: string; readonly file: Blob }[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ) => during(signal, (job) => worker().take(files, job, proxy(onProgress))),
    verify: (id: string, signal: AbortSignal, onProgress: OnProgress) =>
      during(signal, (job) => worker().verify(id, job, proxy(onProgress))),
    files: (id: string) => worker().files(id),
    remove: (id: string) => worker().remove(id),
  };
}

export type PackagesClient = ReturnType<typeof createPackagesClient>;
