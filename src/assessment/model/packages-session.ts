/** The packages of this page, made once, and the choice of the model in use. */

import { CodedError } from '../../../core/errors.ts';
import { convertInWorker } from '../../../workers/convert/client.ts';
import { hashFile } from '../../../workers/hash/client.ts';
import type { FolderFile, PackageSource } from '../../../workers/model/api.ts';
import { createPackagesClient } from '../../../workers/packages/client.ts';
import { keepAliveDuring } from '../../../workers/thread/file-handles.ts';
import { createConversion, storageFor, variantsFor } from './conversion.ts';
import { filesBelow } from './folder-handles.ts';
import { checkpointFiles } from './folder-kind.ts';
import { bundledSource, type ModelStore } from './model-store.ts';
import { createPackagesStore } from './packages-store.ts';
import { BUNDLED, preferredPackage, setPreferredPackage } from './preferred-package.ts';

const CONVERTED = 'converted';

const client = createPackagesClient();

async function bundled() {
  const { base } = bundledSource() as Extract<PackageSource, { kind: 'url' }>;
  const response = await fetch(new URL('manifest.json', base)).catch((cause: unknown) => {
    throw new CodedError('model/network', { file: 'manifest.json', host: location.host }, undefined, {
      cause,
    });
  });
  const { status } = response;
  if (!response.ok)
    throw new CodedError('model/network', { file: 'manifest.json', host: location.host, status });
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
  const id = preferredPackage();
  if (id === BUNDLED) return bundledSource();
  return client
    .files(id)
    .then((files): PackageSource => ({ kind: 'files', files }))
    .catch(() => bundledSource());
}

/** Loads a package of the list and stores the choice. An error is in the model's state. */
export async function selectPackage(models: ModelStore, id: string): Promise<void> {
  const source: PackageSource =
    id === BUNDLED ? bundledSource() : { kind: 'files', files: await packages.files(id) };
  setPreferredPackage(id);
  await models.load(source).catch(() => {});
}

/** Chooses the bundled package in place of one whose files are deleted. */
export function forgetPackage(models: ModelStore, id: string): void {
  if (preferredPackage() !== id) return;
  setPreferredPackage(BUNDLED);
  void models.load(bundledSource()).catch(() => {});
}

/**
 * Converts a checkpoint folder for this machine and stores the package.
 *
 * @param name of the package: the folder's name, which distinguishes two checkpoints of one profile
 * @returns its id
 * @throws CodedError `convert/*`, `model/storage`; AbortError
 */
async function convertFolder(
  name: string,
  files: readonly FolderFile[],
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const weights = files.filter(({ path }) => path.endsWith('.safetensors'));
  const weightBytes = weights.reduce((sum, { file }) => sum + file.size, 0);
  const { quota, usage } = await navigator.storage.estimate();
  const needed = storageFor(weightBytes);
  const free = Math.max(0, (quota ?? Number.POSITIVE_INFINITY) - (usage ?? 0));
  if (needed > free) throw new CodedError('model/storage', { needed, free });
  const root = await navigator.storage.getDirectory();
  const parent = await keepAliveDuring(root, (one) => one.getDirectoryHandle(CONVERTED, { create: true }));
  const folder = `package-${Date.now()}`;
  try {
    await convertInWorker(
      {
        files: checkpointFiles(files).map(({ file }) => file),
        parent: [CONVERTED],
        folder,
        name,
        variants: variantsFor(weightBytes),
      },
      ({ done, total }) => onProgress(done / total),
      signal,
    );
    const made = await keepAliveDuring(parent, (one) => one.getDirectoryHandle(folder));
    return await packages.importFolder(await filesBelow(made));
  } finally {
    await root.removeEntry(CONVERTED, { recursive: true }).catch(() => {});
  }
}

/** The conversion of this page; it continues while another page is open. */
export const conversion = createConversion(convertFolder);

/** Deletes all that this page stores on this device: models, results, a batch, settings. */
export async function deleteEverything(): Promise<void> {
  await packages.clear();
  const names = (await indexedDB.databases?.()) ?? [{ name: 'vqathinker' }, { name: 'vqathinker-batch' }];
  for (const { name } of names) if (name) indexedDB.deleteDatabase(name);
  for (const key of Object.keys(localStorage))
    if (key.startsWith('vqathinker.')) localStorage.removeItem(key);
  for (const key of (await globalThis.caches?.keys()) ?? []) await caches.delete(key);
}
