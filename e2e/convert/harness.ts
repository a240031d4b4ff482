/** Page for tests: the conversion client as `window.harness`. */
import { CodedError } from '../../core/errors.ts';
import type { ConvertRequest, VariantChoice } from '../../workers/convert/api.ts';
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
  readonly variants: readonly VariantChoice[];
  readonly profile: string;
  /** Cut a file short: name and bytes. */
  readonly truncate?: readonly [string, number];
  /** Abort at once. */
  readonly stop?: boolean;
}

async function request({ files, truncate, variants, profile }: HarnessConversion): Promise<ConvertRequest> {
  const dropped = await Promise.all(
    files.map(async (address) => {
      const name = address.split('/').at(-1)!;
      const blob = await (await fetch(address)).blob();
      // The same folder on each visit: a conversion is found again by names, sizes and times.
      const content = truncate?.[0] === name ? blob.slice(0, truncate[1]) : blob;
      return new File([content], name, { lastModified: 0 });
    }),
  );
  const source = { kind: 'folder', name: 'tiny', files: dropped } as const;
  return { source, name: 'tiny', dtype: 'q4f16', variants, profile };
}

export const harness = {
  /** Resolves while the conversion still runs: a share of the writing is done. */
  async convertUntil(conversion: HarnessConversion, share: number): Promise<void> {
    const asked = await request(conversion);
    await new Promise<void>((resolve) => {
      void convertInWorker(asked, ({ stage, done, total }) => {
        if (stage === 'write' && done / total > share) resolve();
      });
    });
  },
  /** Paths of `contents` begin with the package's id, which is `result` after a conversion that succeeded. */
  async convert(conversion: HarnessConversion) {
    const asked = await request(conversion);
    const abort = new AbortController();
    const progress: number[] = [];
    /** Share that is written at the first report: above 0 where graphs were reused. */
    let begun = Number.NaN;
    const running = convertInWorker(
      asked,
      ({ stage, done, total }) => {
        progress.push(done / total);
        if (stage === 'write' && Number.isNaN(begun)) begun = done / total;
      },
      abort.signal,
    );
    // The abort follows the request through the same channel, so it arrives while the worker opens the folder.
    if (conversion.stop) abort.abort();
    const result = await running.catch((error: unknown) =>
      error instanceof CodedError ? error.toData() : { name: (error as Error).name },
    );
    const root = await navigator.storage.getDirectory();
    const packages = await root.getDirectoryHandle('packages', { create: true });
    return { result, progress, begun, contents: await contents(packages) };
  },
};

Object.assign(window, { harness });
document.title = 'ready';
