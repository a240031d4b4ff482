/** The package worker as the page sees it: started when first asked, calls with AbortSignals. */
import { PendingCalls } from '../thread/pending-calls.ts';
import { proxy, type Remote, workerFailed, wrap } from '../thread/rpc.ts';
import type { DownloadProgress, PackageAddress, PackagesApi } from './api.ts';

type OnProgress = (progress: DownloadProgress) => void;

export function createPackagesClient() {
  let made: { readonly remote: Remote<PackagesApi>; readonly pending: PendingCalls } | null = null;
  let jobs = 0;

  /** A worker that has died is made anew by the next call. */
  function ask<T>(work: (remote: Remote<PackagesApi>) => Promise<T>): Promise<T> {
    if (!made) {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        type: 'module',
        name: 'packages',
      });
      const mine = { remote: wrap<PackagesApi>(worker), pending: new PendingCalls() };
      workerFailed(worker).catch((reason) => {
        if (made === mine) made = null;
        mine.pending.rejectAll(reason);
      });
      made = mine;
    }
    return made.pending.track(work(made.remote));
  }

  async function during<T>(signal: AbortSignal, work: (job: number) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const job = ++jobs;
    const stop = () => void ask((remote) => remote.abort(job)).catch(() => {});
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await work(job);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  return {
    machine: () => ask((remote) => remote.machine()),
    list: () => ask((remote) => remote.list()),
    fetchManifest: (address: PackageAddress) => ask((remote) => remote.fetchManifest(address)),
    download: (
      address: PackageAddress,
      manifestSha256: string,
      paths: readonly string[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ) =>
      during(signal, (job) =>
        ask((remote) => remote.download(address, manifestSha256, paths, job, proxy(onProgress))),
      ),
    importFolder: (
      files: readonly { readonly path: string; readonly file: Blob }[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ) => during(signal, (job) => ask((remote) => remote.importFolder(files, job, proxy(onProgress)))),
    verify: (id: string, signal: AbortSignal, onProgress: OnProgress) =>
      during(signal, (job) => ask((remote) => remote.verify(id, job, proxy(onProgress)))),
    files: (id: string) => ask((remote) => remote.files(id)),
    remove: (id: string) => ask((remote) => remote.remove(id)),
  };
}

export type PackagesClient = ReturnType<typeof createPackagesClient>;
