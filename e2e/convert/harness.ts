/** Page for tests: the conversion client as `window.harness`. */
import { CodedError } from '../../core/errors.ts';
import type { VariantChoice } from '../../workers/convert/api.ts';
import { convertInWorker } from '../../workers/convert/client.ts';

async function digest(file: File): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Path and checksum of every file below a folder. */
async function contents(folder: FileSystemDirectoryHandle, prefix = ''): Promise<[string, string][]> {
  const files: [string, string][] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle instanceof FileSystemDirectoryHandle)
      files.push(...(await contents(handle, `${prefix}${name}/`)));
    else files.push([prefix + name, await digest(await (handle as FileSystemFileHandle).getFile())]);
  }
  return files.sort();
}

export interface HarnessConversion {
  /** Addresses of the checkpoint's files. */
  readonly files: readonly string[];
  readonly folder: string;
  readonly variants: readonly VariantChoice[];
  readonly profile: string;
  /** Cut a file short: name and bytes. */
  readonly truncate?: readonly [string, number];
  /** Abort at once. */
  readonly stop?: boolean;
}

function dropped({ files, truncate }: HarnessConversion): Promise<File[]> {
  return Promise.all(
    files.map(async (address) => {
      const name = address.split('/').at(-1)!;
      const blob = await (await fetch(address)).blob();
      return new File([truncate?.[0] === name ? blob.slice(0, truncate[1]) : blob], name);
    }),
  );
}

export const harness = {
  /** Resolves while the conversion still runs: a share of the writing is done. */
  async convertUntil(conversion: HarnessConversion, share: number): Promise<void> {
    const { stop: _, truncate: __, ...request } = conversion;
    const files = await dropped(conversion);
    await new Promise<void>((resolve) => {
      void convertInWorker({ ...request, files, parent: ['models'] }, ({ stage, done, total }) => {
        if (stage === 'write' && done / total > share) resolve();
      });
    });
  },
  async convert(conversion: HarnessConversion) {
    const { stop, truncate: _, ...request } = conversion;
    const files = await dropped(conversion);
    const root = await navigator.storage.getDirectory();
    const parent = await root.getDirectoryHandle('models', { create: true });
    const abort = new AbortController();
    const progress: number[] = [];
    /** Share that is written at the first report: above 0 where graphs were reused. */
    let begun = Number.NaN;
    const running = convertInWorker(
      { ...request, files, parent: ['models'] },
      ({ stage, done, total }) => {
        progress.push(done / total);
        if (stage === 'write' && Number.isNaN(begun)) begun = done / total;
      },
      abort.signal,
    );
    // The abort follows the request through the same channel, so it arrives while the worker opens the folder.
    if (stop) abort.abort();
    const result = await running.catch((error: unknown) =>
      error instanceof CodedError ? error.toData() : { name: (error as Error).name },
    );
    return { result, progress, begun, contents: await contents(parent) };
  },
};

Object.assign(window, { harness });
document.title = 'ready';
