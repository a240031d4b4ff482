/** Model packages on this device, in a worker: OPFS files can be written in place only there. */
import '../thread/requests.ts';
import { CodedError } from '../../core/errors.ts';
import { PACKAGES } from '../../core/files/package-store.ts';
import { measureAdapter } from '../model/adapter-rates.ts';
import { canAllocate } from '../model/allocation.ts';
import { probeAdapter } from '../model/backend.ts';
import { canSuspend } from '../model/runtime.ts';
import { keepAliveDuring, storageRoot } from '../thread/file-handles.ts';
import { expose, releaseCallback } from '../thread/rpc.ts';
import { throttled } from '../thread/throttled.ts';
import type { DownloadProgress, PackagesApi } from './api.ts';
import { opfsFolder } from './folder.ts';
import { PackageStore } from './store.ts';

const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });

async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request(`package.${name}`, { ifAvailable: true }, (lock) => {
    if (!lock) throw new CodedError('model/busy');
    return work();
  }) as Promise<T>;
}

async function free(): Promise<number | null> {
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
}

const store = (async () => {
  const directory = await storageRoot();
  return new PackageStore({
    root: opfsFolder(
      await keepAliveDuring(directory, (root) => root.getDirectoryHandle(PACKAGES, { create: true })),
    ),
    fetch: (input, init) => fetch(input, init),
    wait,
    free,
    alone,
  });
})();
// The rejection reaches each call; without a call it is no failure of the worker.
store.catch(() => {});

const jobs = new Map<number, AbortController>();

type OnProgress = (progress: DownloadProgress) => void;

/** Runs a job that can be aborted. */
async function abortable<T>(job: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  jobs.set(job, controller);
  try {
    return await work(controller.signal);
  } finally {
    jobs.delete(job);
  }
}

/** Runs a job that can be aborted; its callback is released at its end. */
async function during<T>(
  job: number,
  onProgress: OnProgress,
  work: (signal: AbortSignal, onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  // A piece from the network is about 64 kB: a call to the page for each costs more than storing it.
  const report = throttled(
    onProgress,
    (now, last) =>
      now.restarted !== undefined ||
      now.checkedFiles !== last.checkedFiles ||
      now.arrivedBytes === now.totalBytes,
  );
  try {
    return await abortable(job, (signal) => work(signal, report));
  } finally {
    releaseCallback(onProgress);
  }
}

const api: PackagesApi = {
  async machine() {
    const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
    return {
      adapter: await probeAdapter(),
      memory: deviceMemory === undefined ? null : deviceMemory * 2 ** 30,
      free: await free().catch(() => null),
      streams: canSuspend(),
    };
  },
  canAllocate: (bytes) => canAllocate(navigator.gpu, bytes),
  measureAdapter: (job) => abortable(job, (signal) => measureAdapter(navigator.gpu, signal)),
  list: async () => (await store).list(),
  fetchManifest: async (address) => (await store).fetchManifest(address),
  download: (address, manifestSha256, paths, job, onProgress) =>
    during(job, onProgress, async (signal, report) =>
      (await store).download(address, manifestSha256, paths, signal, report),
    ),
  importFolder: (files, job, onProgress) =>
    during(job, onProgress, async (signal, report) => (await store).importFolder(files, signal, report)),
  verify: (id, job, onProgress) =>
    during(job, onProgress, async (signal, report) => (await store).verify(id, signal, report)),
  unfinished: async () => (await store).unfinished(),
  adopt: async (id) => (await store).adopt(id),
  files: async (id) => (await store).files(id),
  remove: async (id) => (await store).remove(id),
  abort(job) {
    jobs.get(job)?.abort(new DOMException('stopped', 'AbortError'));
  },
};

expose(api);
