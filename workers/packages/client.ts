/** Client of the package worker, which starts with the first call. */
import { PendingCalls } from '../thread/pending-calls.ts';
import { proxy, type Remote, workerFailed, wrap } from '../thread/rpc.ts';
import type { DownloadProgress, PackageAddress, PackagesApi } from './api.ts';

type OnProgress = (progress: DownloadProgress) => void;

export function createPackagesClient() {
  let connection: { readonly remote: Remote<PackagesApi>; readonly pending: PendingCalls } | null = null;
  let jobs = 0;

  /** Starts a worker where there is none, or the last one failed. */
  function call<T>(work: (remote: Remote<PackagesApi>) => Promise<T>): Promise<T> {
    if (!connection) {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), {
        type: 'module',
        name: 'packages',
      });
      const started = { remote: wrap<PackagesApi>(worker), pending: new PendingCalls() };
      workerFailed(worker).catch((reason) => {
        if (connection === started) connection = null;
        started.pending.rejectAll(reason);
      });
      connection = started;
    }
    return connection.pending.track(work(connection.remote));
  }

  async function during<T>(signal: AbortSignal, work: (job: number) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const job = ++jobs;
    const stop = () => void call((remote) => remote.abort(job)).catch(() => {});
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await work(job);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  return {
    machine: () => call((remote) => remote.machine()),
    canAllocate: (bytes: number) => call((remote) => remote.canAllocate(bytes)),
    measureAdapter: (signal: AbortSignal) =>
      during(signal, (job) => call((remote) => remote.measureAdapter(job))),
    list: () => call((remote) => remote.list()),
    fetchManifest: (address: PackageAddress) => call((remote) => remote.fetchManifest(address)),
    download: (
      address: PackageAddress,
      manifestSha256: string,
      paths: readonly string[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ) =>
      during(signal, (job) =>
        call((remote) => remote.download(address, manifestSha256, paths, job, proxy(onProgress))),
      ),
    importFolder: (
      files: readonly { readonly path: string; readonly file: Blob }[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ) => during(signal, (job) => call((remote) => remote.importFolder(files, job, proxy(onProgress)))),
    verify: (id: string, signal: AbortSignal, onProgress: OnProgress) =>
      during(signal, (job) => call((remote) => remote.verify(id, job, proxy(onProgress)))),
    unfinished: () => call((remote) => remote.unfinished()),
    adopt: (id: string) => call((remote) => remote.adopt(id)),
    files: (id: string) => call((remote) => remote.files(id)),
    remove: (id: string) => call((remote) => remote.remove(id)),
  };
}

export type PackagesClient = ReturnType<typeof createPackagesClient>;
