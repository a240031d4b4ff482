import '../thread/requests.ts';
import type { CheckpointFiles } from '../../convert/files.ts';
import { HubCheckpoint } from '../../convert/hub.ts';
import { readToken, wait } from '../../convert/hub-request.ts';
import { convertCheckpoint } from '../../convert/package.ts';
import { CodedError } from '../../core/errors.ts';
import { conversionFile, PACKAGES, type UnfinishedNote } from '../../core/files/package-store.ts';
import { keepAliveDuring, storageRoot } from '../thread/file-handles.ts';
import { expose, releaseCallback } from '../thread/rpc.ts';
import { throttled } from '../thread/throttled.ts';
import type { CheckpointSource, ConvertApi, ConvertRequest } from './api.ts';
import { idOf, offerOf } from './offer.ts';
import { DroppedFiles, fileAt, OpfsPackage, writeText } from './opfs.ts';

const jobs = new Map<number, AbortController>();

async function during<T>(job: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  jobs.set(job, stop);
  try {
    return await work(stop.signal);
  } finally {
    jobs.delete(job);
  }
}

async function open(
  source: CheckpointSource,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<CheckpointFiles> {
  if (source.kind === 'folder') return new DroppedFiles(source.files);
  const token = readToken(source.token ?? '');
  return HubCheckpoint.open(source.address, {
    fetch: (input, init) => fetch(input, init),
    wait,
    signal,
    onBytes,
    ...(token !== null && { token }),
  });
}

async function free(): Promise<number | null> {
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
}

/** Runs `work` in the package's folder while no other tab does. */
async function inFolder<T>(id: string, work: (folder: FileSystemDirectoryHandle) => Promise<T>): Promise<T> {
  const locked = async () => {
    let folder = await storageRoot();
    for (const part of [PACKAGES, id])
      folder = await keepAliveDuring(folder, (one) => one.getDirectoryHandle(part, { create: true }));
    return work(folder);
  };
  if (!navigator.locks) return locked();
  return navigator.locks.request(`package.${id}`, { ifAvailable: true }, (lock) => {
    if (!lock) throw new CodedError('model/busy');
    return locked();
  }) as Promise<T>;
}

function noteOf({ source, name, dtype, variants }: ConvertRequest): UnfinishedNote {
  const address = source.kind === 'hub' ? source.address : null;
  return { format: 1, name, dtype, variants: [...variants], address, startedAt: new Date().toISOString() };
}

/** The command that makes the same package in a terminal; of a folder its path is not known here. */
function commandOf({ source, dtype }: ConvertRequest): string {
  if (source.kind === 'folder') return 'converted on the page';
  const { repository, revision } = source.address;
  return `npm run convert -- hf:${repository}@${revision} OUT --dtype ${dtype}`;
}

const api: ConvertApi = {
  look: (source, job) =>
    during(job, async (signal) => {
      const files = await open(source, signal);
      if (source.kind === 'folder') return offerOf(source.name, files, null);
      const { address } = source;
      const revision = files.source?.commit ?? address.revision;
      const [, name = address.repository] = address.repository.split('/');
      return offerOf(name, files, { ...address, revision });
    }),
  convert: (request, job, onProgress) =>
    during(job, async (signal) => {
      let received = 0;
      const report = throttled(onProgress, (now, last) => now.done === now.total || now.stage !== last.stage);
      const id = idOf(request);
      try {
        await inFolder(id, async (folder) => {
          // The same request has been made before, and the store has it.
          if ((await fileAt(folder, 'manifest.json')) !== null) return;
          const files = await open(request.source, signal, (bytes) => {
            received += bytes;
          });
          await writeText(folder, conversionFile, JSON.stringify(noteOf(request)));
          await convertCheckpoint(files, new OpfsPackage(folder, free), {
            variants: request.variants,
            command: commandOf(request),
            onProgress: (progress) => report({ ...progress, received }),
            signal,
            about: { name: request.name, metrics: [] },
            ...(request.profile !== undefined && { profile: request.profile }),
          });
        });
        return id;
      } finally {
        releaseCallback(onProgress);
      }
    }),
  abort(job) {
    jobs.get(job)?.abort(new DOMException('stopped', 'AbortError'));
  },
};

expose(api);
