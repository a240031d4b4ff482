/** The packages of this page, made once, and the choice of the model in use. */

import { CodedError } from '../../../core/errors.ts';
import { convertInWorker, lookInWorker } from '../../../workers/convert/client.ts';
import { hashFile } from '../../../workers/hash/client.ts';
import type { LoadedPackage, PackageSource } from '../../../workers/model/api.ts';
import { createPackagesClient } from '../../../workers/packages/client.ts';
import { Conversion } from './conversion.ts';
import { bundledSource, type ModelStore } from './model-store.ts';
import { createPackagesStore } from './packages-store.ts';
import { BUNDLED, preferredPackage, setPreferredPackage } from './preferred-package.ts';

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

/** Rates of this machine's graphics adapter. */
export const measureAdapter = (signal: AbortSignal) => client.measureAdapter(signal);

/** Loads a package of the list, anew where it is loaded, and stores the choice. */
export async function loadPackage(models: ModelStore, id: string): Promise<LoadedPackage> {
  const source: PackageSource =
    id === BUNDLED ? bundledSource() : { kind: 'files', files: await packages.files(id) };
  setPreferredPackage(id);
  return models.load(source);
}

/** Loads a package of the list and stores the choice. An error is in the model's state. */
export async function selectPackage(models: ModelStore, id: string): Promise<void> {
  await loadPackage(models, id).catch(() => {});
}

/** Chooses the bundled package in place of one whose files are deleted. */
export function forgetPackage(models: ModelStore, id: string): void {
  if (preferredPackage() !== id) return;
  setPreferredPackage(BUNDLED);
  void models.load(bundledSource()).catch(() => {});
}

/** The conversion of this page; it continues while another page is open. */
export const conversion = new Conversion({
  look: lookInWorker,
  convert: convertInWorker,
  unfinished: () => client.unfinished(),
  adopt: (id) => packages.adopt(id),
  remove: (id) => client.remove(id),
  persist: () => navigator.storage.persist(),
});

/** Deletes all that this page stores on this device: models, results, a batch, settings. */
export async function deleteEverything(): Promise<void> {
  conversion.stop();
  for (const { id } of conversion.store.getState().unfinished) await conversion.discard(id);
  await packages.clear();
  const names = (await indexedDB.databases?.()) ?? [{ name: 'vqathinker' }, { name: 'vqathinker-batch' }];
  for (const { name } of names) if (name) indexedDB.deleteDatabase(name);
  for (const key of Object.keys(localStorage))
    if (key.startsWith('vqathinker.')) localStorage.removeItem(key);
  for (const key of (await globalThis.caches?.keys()) ?? []) await caches.delete(key);
}
