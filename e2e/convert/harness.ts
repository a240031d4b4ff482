/** Puts the converter's client where a test can reach it. */
import { CodedError } from '../../src/core/errors.ts';
import type { VariantChoice } from '../../workers/convert/api.ts';
import { convertInWorker } from '../../workers/convert/client.ts';

async function digest(file: File): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Path and checksum of every file below a folder. */
async function contents(folder: FileSystemDirectoryHandle, prefix = ''): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle instanceof FileSystemDirectoryHandle)
      found.push(...(await contents(handle, `${prefix}${name}/`)));
    else found.push([prefix + name, await digest(await (handle as FileSystemFileHandle).getFile())]);
  }
  return found.sort();
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

export const harness = {
  async convert({ files, truncate, stop, ...request }: HarnessConversion) {
    const dropped = await Promise.all(
      files.map(async (address) => {
        const name = address.split('/').at(-1)!;
        const blob = await (await fetch(address)).blob();
        return new File([truncate?.[0] === name ? blob.slice(0, truncate[1]) : blob], name);
      }),
    );
    const root = await navigator.storage.getDirectory();
    const parent = await root.getDirectoryHandle('models', { create: true });
    const abort = new AbortController();
    const progress: number[] = [];
    const conversion = convertInWorker(
      { ...request, files: dropped, parent: ['models'] },
      ({ done, total }) => void progress.push(done / total),
      abort.signal,
    );
    // The word to stop follows the request through the same channel, so it arrives while the worker opens the folder.
    if (stop) abort.abort();
    const result = await conversion.catch((error: unknown) =>
      error instanceof CodedError ? error.toData() : { name: (error as Error).name },
    );
    return { result, progress, contents: await contents(parent) };
  },
};

Object.assign(window, { harness });
document.title = 'ready';
