/**
 * Packages on this device, one folder each, named by the hash of its manifest: the manifest as it came, a note, and the
 * files. The state of a file is read from the file itself, so that a killed tab leaves nothing that counts as whole.
 */
import { CodedError } from '../../core/errors.ts';
import {
  conversionFile,
  conversionJournal,
  packageFiles,
  unfinishedNote,
} from '../../core/files/package-store.ts';
import type { PackageManifest } from '../../core/vqa2/manifest.ts';
import type {
  OfferedPackage,
  PackageAddress,
  StoredFile,
  StoredPackage,
  UnfinishedConversion,
} from './api.ts';
import { fetchFile, type WantedFile } from './fetch-file.ts';
import { type Folder, readText, writeText } from './folder.ts';
import { downloadManifest, MANIFEST, type ManifestBytes, manifestFault, parseManifest } from './manifest.ts';
import { type Note, NoteWriter, noteFormat, readNote, writeNote } from './note.ts';
import { hashBlob, inParallel, type OnProgress, ProgressMeter, sumBytes } from './transfer.ts';

/** Files fetched at once: more gains nothing over one connection and costs memory. */
const PARALLEL = 4;

export interface StoreDependencies {
  readonly root: Folder;
  readonly fetch: typeof fetch;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Bytes that may still be written; null where the browser does not report them. */
  readonly free: () => Promise<number | null>;
  /** Runs `work` while no other tab does so for this name; throws `model/busy` when one does. */
  readonly alone: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

interface FolderEntry {
  readonly path: string;
  readonly file: Blob;
}

/** A package that files are being written to. */
interface Transfer {
  readonly id: string;
  readonly folder: Folder;
  readonly note: NoteWriter;
  readonly meter: ProgressMeter;
}

const idOf = (manifestSha256: string) => manifestSha256.slice(0, 16);
const storedPath = (path: string) => `${packageFiles}/${path}`;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A full disk as a coded error; any other error as it is. */
function asStorage(error: unknown, needed: number, free: number): unknown {
  return error instanceof DOMException && error.name === 'QuotaExceededError'
    ? new CodedError('model/storage', { needed, free }, undefined, { cause: error })
    : error;
}

async function storedFile(
  folder: Folder,
  note: Note,
  manifest: PackageManifest,
  path: string,
): Promise<StoredFile> {
  const bytes = manifest.files.find((file) => file.path === path)?.bytes ?? 0;
  const arrived = (await folder.file(storedPath(path)))?.size ?? 0;
  if (note.checked.includes(path) && arrived === bytes) return { path, bytes, arrived, state: 'checked' };
  if (note.corrupt.includes(path)) return { path, bytes, arrived, state: 'corrupt' };
  return { path, bytes, arrived, state: arrived > 0 ? 'partial' : 'missing' };
}

/** The manifest of a dropped folder, and the files below it by their path in the package. */
async function readFolder(entries: readonly FolderEntry[]) {
  const source = entries.find(({ path }) => path === MANIFEST || path.endsWith(`/${MANIFEST}`));
  if (!source) throw manifestFault('is not in the folder');
  const base = source.path.slice(0, -MANIFEST.length);
  const below = entries.filter(({ path }) => path.startsWith(base));
  const blobs = new Map(below.map(({ path, file }) => [path.slice(base.length), file]));
  return { source: parseManifest(new Uint8Array(await source.file.arrayBuffer())), blobs };
}

export class PackageStore {
  readonly #root: Folder;
  readonly #fetch: typeof fetch;
  readonly #wait: StoreDependencies['wait'];
  readonly #free: StoreDependencies['free'];
  readonly #alone: StoreDependencies['alone'];

  constructor({ root, fetch, wait, free, alone }: StoreDependencies) {
    this.#root = root;
    this.#fetch = fetch;
    this.#wait = wait;
    this.#free = free;
    this.#alone = alone;
  }

  /** Null where the folder holds no whole note and manifest. */
  async describe(id: string): Promise<StoredPackage | null> {
    const folder = await this.#root.folder(id);
    const note = await readNote(folder);
    const text = await folder.file(MANIFEST);
    if (!note || !text) return null;
    const { manifest, manifestSha256 } = parseManifest(new Uint8Array(await text.arrayBuffer()));
    if (idOf(manifestSha256) !== id && !note.converted) return null;
    const files = await Promise.all(note.paths.map((path) => storedFile(folder, note, manifest, path)));
    return {
      id,
      manifest,
      manifestSha256,
      address: note.address,
      addedAt: note.addedAt,
      files,
      totalBytes: sumBytes(files),
      arrivedBytes: files.reduce((sum, file) => sum + file.arrived, 0),
      complete: files.every(({ state }) => state === 'checked'),
    };
  }

  async list(): Promise<StoredPackage[]> {
    const packages: StoredPackage[] = [];
    for (const id of await this.#root.names()) {
      // The folder of a newer page, or half of a first write, is passed over and not removed.
      const stored = await this.describe(id).catch(() => null);
      if (stored) packages.push(stored);
    }
    return packages.sort((a, b) => a.addedAt.localeCompare(b.addedAt));
  }

  /** Conversions without a manifest of their own yet; one that has ended since is adopted and left out. */
  async unfinished(): Promise<UnfinishedConversion[]> {
    const result: UnfinishedConversion[] = [];
    for (const id of await this.#root.names()) {
      const folder = await this.#root.folder(id);
      const text = await readText(folder, conversionFile);
      if (text === null || (await readNote(folder)) !== null) continue;
      const note = unfinishedNote.safeParse(jsonOf(text));
      if (!note.success) continue;
      if ((await this.adopt(id).catch(() => null)) !== null) continue;
      result.push({ ...note.data, id, bytes: await folder.bytes(packageFiles) });
    }
    return result.sort((a, b) => a.startedAt.localeCompare(b.startedAt));
  }

  /**
   * The files of a conversion that has ended, as a package: its writer has hashed every one.
   *
   * @throws CodedError `model/manifest`: it has not ended
   */
  adopt(id: string): Promise<StoredPackage> {
    return this.#alone(id, async () => {
      const folder = await this.#root.folder(id);
      const before = await this.describe(id);
      if (before !== null) return before;
      const made = await folder.file(storedPath(MANIFEST));
      if (made === null || (await folder.file(conversionJournal)) !== null)
        throw manifestFault('is not made yet');
      const { bytes, manifest } = parseManifest(new Uint8Array(await made.arrayBuffer()));
      const paths = manifest.files.map(({ path }) => path);
      await writeText(folder, MANIFEST, new TextDecoder().decode(bytes));
      await writeNote(folder, {
        format: noteFormat,
        address: null,
        addedAt: new Date().toISOString(),
        paths,
        checked: paths,
        corrupt: [],
        converted: true,
      });
      await folder.remove(conversionFile);
      return this.#stored(id);
    });
  }

  async fetchManifest(address: PackageAddress): Promise<OfferedPackage> {
    const { manifest, manifestSha256 } = await downloadManifest(address, this.#fetch);
    return { manifest, manifestSha256, stored: await this.describe(idOf(manifestSha256)) };
  }

  download(
    address: PackageAddress,
    manifestSha256: string,
    paths: readonly string[],
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<StoredPackage> {
    return this.#alone(idOf(manifestSha256), async () => {
      const source = await downloadManifest(address, this.#fetch, signal);
      if (source.manifestSha256 !== manifestSha256)
        throw new CodedError('model/checksum', { file: MANIFEST });
      const transfer = await this.#begin(source, paths, address, onProgress);
      const { folder, note, meter } = transfer;
      const sizes = new Map<string, number>();
      for (const { path } of meter.wanted) {
        const size = (await folder.file(storedPath(path)))?.size ?? 0;
        sizes.set(path, size);
        meter.set(path, size);
      }
      const needed = meter.wanted.reduce(
        (sum, { path, bytes }) => sum + Math.max(0, bytes - (sizes.get(path) ?? 0)),
        0,
      );
      const free = await this.#room(needed);
      const missing = meter.wanted.filter(
        ({ path, bytes }) => !(note.note.checked.includes(path) && sizes.get(path) === bytes),
      );
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const fetchOne = async (file: WantedFile) => {
        await this.#downloadFile(transfer, file, address, either).catch((error: unknown) => {
          throw asStorage(error, needed, free);
        });
      };
      await inParallel(missing, PARALLEL, fetchOne, stop);
      return this.#stored(transfer.id);
    });
  }

  async importFolder(
    entries: readonly FolderEntry[],
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<StoredPackage> {
    const { source, blobs } = await readFolder(entries);
    // A package may come with the files of one variant only; those that are there are imported.
    const present = source.manifest.files.filter(({ path }) => blobs.has(path));
    return this.#alone(idOf(source.manifestSha256), async () => {
      const free = await this.#room(sumBytes(present));
      const paths = present.map(({ path }) => path);
      const transfer = await this.#begin(source, paths, null, onProgress);
      for (const file of transfer.meter.wanted) {
        signal.throwIfAborted();
        const blob = blobs.get(file.path);
        if (blob) await this.#importFile(transfer, file, blob, signal, free);
      }
      return this.#stored(transfer.id);
    });
  }

  async verify(id: string, signal: AbortSignal, onProgress: OnProgress): Promise<StoredPackage> {
    const { manifest } = await this.#stored(id);
    const folder = await this.#root.folder(id);
    const note = new NoteWriter(folder, (await readNote(folder)) as Note);
    const meter = new ProgressMeter(manifest, note.note, onProgress);
    for (const { path, bytes, sha256 } of meter.wanted) {
      const blob = await folder.file(storedPath(path));
      const hash = blob && (await hashBlob(blob, signal, (_, end) => meter.set(path, end)));
      const whole = blob?.size === bytes && hash === sha256;
      const partial = (blob?.size ?? 0) < bytes && !note.note.checked.includes(path);
      await note.set(path, whole ? 'checked' : partial ? 'unknown' : 'corrupt');
    }
    return this.#stored(id);
  }

  async files(id: string): Promise<{ path: string; file: File; checked: boolean }[]> {
    const { manifest, files } = await this.#stored(id);
    const bad = files.find(({ state }) => state === 'corrupt');
    if (bad) throw new CodedError('model/checksum', { file: bad.path });
    const folder = await this.#root.folder(id);
    const states = new Map(files.map(({ path, state }) => [path, state]));
    const result: { path: string; file: File; checked: boolean }[] = [];
    for (const { path } of manifest.files) {
      const file = await folder.file(storedPath(path));
      if (file) result.push({ path, file, checked: states.get(path) === 'checked' });
    }
    const manifestFile = await folder.file(MANIFEST);
    if (manifestFile) result.push({ path: MANIFEST, file: manifestFile, checked: false });
    return result;
  }

  remove(id: string): Promise<void> {
    return this.#root.remove(id);
  }

  /** @throws CodedError `model/manifest`: there is no such package */
  async #stored(id: string): Promise<StoredPackage> {
    const stored = await this.describe(id);
    if (!stored) throw manifestFault('is not on this device');
    return stored;
  }

  /** @returns free bytes, 0 where the browser does not report them; throws `model/storage` where they are too few */
  async #room(needed: number): Promise<number> {
    const free = await this.#free();
    if (free !== null && free < needed) throw new CodedError('model/storage', { needed, free });
    return free ?? 0;
  }

  /** Writes manifest and note. Earlier checks of files that are still wanted stay valid. */
  async #begin(
    { bytes, manifest, manifestSha256 }: ManifestBytes,
    paths: readonly string[],
    address: PackageAddress | null,
    onProgress: OnProgress,
  ): Promise<Transfer> {
    const unlisted = paths.find((path) => !manifest.files.some((file) => file.path === path));
    if (unlisted !== undefined) throw manifestFault('is not in files', unlisted);
    const id = idOf(manifestSha256);
    const folder = await this.#root.folder(id);
    const old = await readNote(folder);
    const note: Note = {
      format: noteFormat,
      address: address && { manifestUrl: address.manifestUrl, filesBase: address.filesBase },
      addedAt: old?.addedAt ?? new Date().toISOString(),
      paths: [...new Set([...(old?.paths ?? []), ...paths])],
      checked: old?.checked ?? [],
      corrupt: old?.corrupt ?? [],
      converted: old?.converted ?? false,
    };
    await writeText(folder, MANIFEST, new TextDecoder().decode(bytes));
    await writeNote(folder, note);
    const meter = new ProgressMeter(manifest, note, onProgress);
    return { id, folder, note: new NoteWriter(folder, note), meter };
  }

  async #downloadFile(
    { folder, note, meter }: Transfer,
    file: WantedFile,
    address: PackageAddress,
    signal: AbortSignal,
  ): Promise<void> {
    const { path } = file;
    if (note.note.corrupt.includes(path)) await note.set(path, 'unknown');
    const sink = await folder.open(storedPath(path));
    try {
      await fetchFile(file, sink, {
        url: new URL(path.split('/').map(encodeURIComponent).join('/'), address.filesBase).href,
        headers: address.headers ?? {},
        signal,
        onArrived: (bytes, why) => meter.set(path, bytes, why),
        fetch: this.#fetch,
        wait: this.#wait,
      });
    } catch (error) {
      sink.flush();
      if (error instanceof CodedError && error.code === 'model/checksum') await note.set(path, 'corrupt');
      throw error;
    } finally {
      sink.close();
    }
    await note.set(path, 'checked');
    meter.set(path, file.bytes);
  }

  async #importFile(
    { folder, note, meter }: Transfer,
    { path, bytes, sha256 }: WantedFile,
    blob: Blob,
    signal: AbortSignal,
    free: number,
  ): Promise<void> {
    if (blob.size !== bytes) throw new CodedError('model/checksum', { file: path });
    const sink = await folder.open(storedPath(path));
    let hash: string;
    try {
      sink.truncate(0);
      hash = await hashBlob(blob, signal, (piece, end) => {
        sink.append(piece);
        meter.set(path, end);
      });
      sink.flush();
    } catch (error) {
      throw asStorage(error, bytes, free);
    } finally {
      sink.close();
    }
    await note.set(path, hash === sha256 ? 'checked' : 'corrupt');
    if (hash !== sha256) throw new CodedError('model/checksum', { file: path });
    meter.set(path, bytes);
  }
}
