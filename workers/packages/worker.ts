/** Model packages on this device, in a worker: only there may files of OPFS be written in place. */
import '../requests.ts';
import { CodedError } from '../../src/core/errors.ts';
import { answerOf } from '../file-handles.ts';
import { probeAdapter } from '../model/backend.ts';
import { expose } from '../rpc.ts';
import type { PackagesApi } from './api.ts';
import { opfsFolder } from './folder.ts';
import { createPackageStore } from './store.ts';

const FOLDER = 'packages';

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
  const directory = await navigator.storage.getDirectory().catch((cause: unknown) => {
    throw new CodedError('app/storage', {}, undefined, { cause });
  });
  return createPackageStore({
    root: opfsFolder(await answerOf(directory, (root) => root.getDirectoryHandle(FOLDER, { create: true }))),
    fetch: (input, init) => fetch(input, init),
    wait,
    free,
    alone,
  });
})();
// Whoever asks is told; nobody asking is no failure of the worker.
store.catch(() => {});

const jobs = new Map<number, AbortController>();

async function during<T>(job: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  jobs.set(job, controller);
  try {
    return await work(controller.signal);
  } finally {
    jobs.delete(job);
  }
}

const api: PackagesApi = {
  async machine() {
    const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
    return {
      adapter: await probeAdapter(),
      memory: deviceMemory === undefined ? null : deviceMemory * 2 ** 30,
      free: await free().catch(() => null),
    };
  },
  list: async () => (await store).list(),
  look: async (address) => (await store).look(address),
  download: (address, manifestSha256, paths, job, onProgress) =>
    during(job, async (signal) => (await store).download(address, manifestSha256, paths, signal, onProgress)),
  take: (files, job, onProgress) =>
    during(job, async (signal) => (await store).take(files, signal, onProgress)),
  verify: (id, job, onProgress) =>
    during(job, async (signal) => (await store).verify(id, signal, onProgress)),
  files: async (id) => (await store).files(id),
  remove: async (id) => (await store).remove(id),
  abort(job) {
    jobs.get(job)?.abort(new DOMException('stopped', 'AbortError'));
  },
};

expose(api);
