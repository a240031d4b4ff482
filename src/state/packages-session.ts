/** The packages of this page, made once, and the ways between them and the model in use. */
import { convertInWorker } from '../../workers/convert/client.ts';
import { hashFile } from '../../workers/hash/client.ts';
import type { PackageSource } from '../../workers/model/api.ts';
import { createPackagesClient } from '../../workers/packages/client.ts';
import { CodedError } from '../core/errors.ts';
import { chosenPackage, rememberPackage, SHIPPED } from './chosen-package.ts';
import { bundledSource, type ModelStore } from './model-store.ts';
import { createPackagesStore } from './packages-store.ts';

export interface FolderFile {
  /** Path inside the folder, `/` between parts. */
  readonly path: string;
  readonly file: File;
}

const CONVERTED = 'converted';

const client = createPackagesClient();

async function bundled() {
  const { base } = bundledSource() as Extract<PackageSource, { kind: 'url' }>;
  const response = await fetch(new URL('manifest.json', base)).catch((cause: unknown) => {
    throw new CodedError('model/network', { file: 'manifest.json' }, undefined, { cause });
  });
  if (!response.ok) throw new CodedError('model/network', { file: 'manifest.json', status: response.status });
  const blob = await response.blob();
  return { manifest: JSON.parse(await blob.text()) as unknown, sha256: await hashFile(blob), base };
}

export const packages = createPackagesStore({
  client,
  bundled,
  machine: () => client.machine(),
  async storage() {
    const { quota, usage } = await navigator.storage.estimate();
    return { used: usage ?? null, quota: quota ?? null, persisted: await navigator.storage.persisted() };
  },
  persist: () => navigator.storage.persist(),
  onOnline: (call) => addEventListener('online', call),
});

/** The package that was used last, or the one that ships with the page when it is gone or not whole. */
export async function preferredSource(): Promise<PackageSource> {
  const id = chosenPackage();
  if (id === SHIPPED) return bundledSource();
  return client
    .files(id)
    .then((files): PackageSource => ({ kind: 'files', files }))
    .catch(() => bundledSource());
}

/** Loads a package of the list and remembers it. What goes wrong is told by the model's own state. */
export async function choosePackage(models: ModelStore, id: string): Promise<void> {
  const source: PackageSource =
    id === SHIPPED ? bundledSource() : { kind: 'files', files: await packages.files(id) };
  rememberPackage(id);
  await models.load(source).catch(() => {});
}

/** After its files are gone a package is not asked for again. */
export function forgetPackage(models: ModelStore, id: string): void {
  if (chosenPackage() !== id) return;
  rememberPackage(SHIPPED);
  void models.load(bundledSource()).catch(() => {});
}

const last = (path: string) => path.split('/').at(-1) ?? path;

/** What a folder is, by the files in it. */
export function kindOfFolder(files: readonly FolderFile[]): 'package' | 'checkpoint' | 'other' {
  if (files.some(({ path }) => last(path) === 'manifest.json')) return 'package';
  const names = new Set(files.map(({ path }) => last(path)));
  return names.has('config.json') && [...names].some((name) => name.endsWith('.safetensors'))
    ? 'checkpoint'
    : 'other';
}

/** Every file below a folder of this origin's file system. */
async function filesBelow(folder: FileSystemDirectoryHandle, above = ''): Promise<FolderFile[]> {
  const found: FolderFile[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === 'directory') {
      found.push(...(await filesBelow(handle as FileSystemDirectoryHandle, `${above}${name}/`)));
    } else found.push({ path: above + name, file: await (handle as FileSystemFileHandle).getFile() });
  }
  return found;
}

/**
 * Converts a checkpoint folder for this machine and keeps the package: 8 bits in both dialects.
 *
 * @returns its id
 * @throws CodedError `convert/*`, `model/storage`; AbortError
 */
export async function convertFolder(
  files: readonly FolderFile[],
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const root = await navigator.storage.getDirectory();
  const parent = await root.getDirectoryHandle(CONVERTED, { create: true });
  const folder = `package-${Date.now()}`;
  try {
    await convertInWorker(
      {
        files: files.map(({ file }) => file),
        parent: [CONVERTED],
        folder,
        variants: [
          { dialect: 'webgpu', dtype: 'q8' },
          { dialect: 'wasm', dtype: 'q8' },
        ],
      },
      ({ done, total }) => onProgress(done / total),
      signal,
    );
    return await packages.take(await filesBelow(await parent.getDirectoryHandle(folder)));
  } finally {
    await root.removeEntry(CONVERTED, { recursive: true }).catch(() => {});
  }
}

/** Deletes all that this page keeps on this device: models, results, a batch, settings. */
export async function deleteEverything(): Promise<void> {
  await packages.clear();
  const names = (await indexedDB.databases?.()) ?? [{ name: 'vqathinker' }, { name: 'vqathinker-batch' }];
  for (const { name } of names) if (name) indexedDB.deleteDatabase(name);
  for (const key of Object.keys(localStorage))
    if (key.startsWith('vqathinker.')) localStorage.removeItem(key);
  for (const key of (await globalThis.caches?.keys()) ?? []) await caches.delete(key);
}
