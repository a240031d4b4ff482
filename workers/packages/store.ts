/**
 * Packages on this device. One folder each, named by its manifest's hash: the manifest as it came, a note of where it
 * came from and which files were checked, and the files. What a killed tab left is read off the files themselves.
 */
import { z } from 'zod';
import { CodedError } from '../../core/errors.ts';
import { type Manifest, readManifest } from '../../core/files/manifest.ts';
import { createSha256 } from '../../core/files/sha256.ts';
import type { DownloadProgress, OfferedPackage, PackageAddress, StoredFile, StoredPackage } from './api.ts';
import { fetchFile, type WantedFile } from './fetch-file.ts';
import { type Folder, readText, writeText } from './folder.ts';

const MANIFEST_LIMIT = 4 << 20;
/** Files fetched at once: more gains nothing over one connection and costs memory. */
const PARALLEL = 4;
const PIECE = 4 << 20;
const NOTE = 'note.json';
const MANIFEST = 'manifest.json';
const FILES = 'files';

const noteSchema = z.object({
  format: z.literal(1),
  address: z.object({ manifestUrl: z.string(), filesBase: z.string() }).nullable(),
  addedAt: z.string(),
  paths: z.array(z.string()),
  checked: z.array(z.string()),
  damaged: z.array(z.string()),
});
type Note = z.infer<typeof noteSchema>;

type OnProgress = (progress: DownloadProgress) => void;

export interface StoreDependencies {
  readonly root: Folder;
  readonly fetch: typeof fetch;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Bytes that may still be written; null where the browser does not say. */
  readonly free: () => Promise<number | null>;
  /** Runs `work` while no other tab does so for this name; throws `model/busy` when one does. */
  readonly alone: <T>(name: string, work: () => Promise<T>) => Promise<T>;
}

function hex(bytes: Uint8Array): string {
  const digest = createSha256();
  digest.update(bytes);
  return digest.hex();
}

function parse(bytes: Uint8Array): Manifest {
  if (bytes.byteLength > MANIFEST_LIMIT) {
    throw new CodedError('model/manifest', { field: MANIFEST, problem: 'is too large' });
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new CodedError('model/manifest', { field: MANIFEST, problem: 'is not JSON' });
  }
  return readManifest(json);
}

/** A whole body, refused as soon as it is longer than it may be. */
async function readUpTo(
  limit: number,
  body: ReadableStream<Uint8Array>,
  lost: (cause: unknown) => CodedError,
): Promise<Uint8Array> {
  const reader = body.getReader();
  let bytes = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw lost(cause);
    });
    if (done) return bytes;
    if (bytes.byteLength + value.byteLength > limit) {
      await reader.cancel().catch(() => {});
      throw new CodedError('model/manifest', { field: MANIFEST, problem: 'is too large' });
    }
    const longer = new Uint8Array(bytes.byteLength + value.byteLength);
    longer.set(bytes);
    longer.set(value, bytes.byteLength);
    bytes = longer;
  }
}

/** A disk that is full, in the page's words. */
function asStorage(error: unknown, needed: number, free: number): unknown {
  return error instanceof DOMException && error.name === 'QuotaExceededError'
    ? new CodedError('model/storage', { needed, free }, undefined, { cause: error })
    : error;
}

export function createPackageStore({ root, fetch, wait, free, alone }: StoreDependencies) {
  const idOf = (manifestSha256: string) => manifestSha256.slice(0, 16);

  async function readNote(folder: Folder): Promise<Note | null> {
    const text = await readText(folder, NOTE);
    if (text === null) return null;
    try {
      return noteSchema.parse(JSON.parse(text));
    } catch {
      return null;
    }
  }

  const writeNote = (folder: Folder, note: Note) => writeText(folder, NOTE, JSON.stringify(note));

  async function describe(id: string): Promise<StoredPackage | null> {
    const folder = await root.folder(id);
    const note = await readNote(folder);
    const text = await folder.file(MANIFEST);
    if (!note || !text) return null;
    const bytes = new Uint8Array(await text.arrayBuffer());
    const manifestSha256 = hex(bytes);
    if (idOf(manifestSha256) !== id) return null;
    const manifest = parse(bytes);
    const files = await Promise.all(
      note.paths.map(async (path): Promise<StoredFile> => {
        const whole = manifest.files.find((file) => file.path === path)?.bytes ?? 0;
        const arrived = (await folder.file(`${FILES}/${path}`))?.size ?? 0;
        const right = note.checked.includes(path) && arrived === whole;
        const state = right
          ? 'checked'
          : note.damaged.includes(path)
            ? 'damaged'
            : arrived > 0
              ? 'partial'
              : 'missing';
        return { path, bytes: whole, arrived, state };
      }),
    );
    return {
      id,
      manifest,
      manifestSha256,
      address: note.address,
      addedAt: note.addedAt,
      files,
      totalBytes: files.reduce((sum, file) => sum + file.bytes, 0),
      arrivedBytes: files.reduce((sum, file) => sum + file.arrived, 0),
      complete: files.every(({ state }) => state === 'checked'),
    };
  }

  async function need(id: string): Promise<StoredPackage> {
    const found = await describe(id);
    if (!found) throw new CodedError('model/manifest', { field: MANIFEST, problem: 'is not on this device' });
    return found;
  }

  async function readManifestAt(address: PackageAddress, signal?: AbortSignal) {
    const lost = (cause: unknown, status?: number) =>
      new CodedError(
        'model/network',
        { file: MANIFEST, ...(status === undefined ? {} : { status }) },
        'the manifest could not be fetched',
        { cause },
      );
    let response: Response;
    try {
      response = await fetch(address.manifestUrl, {
        headers: { ...address.headers },
        cache: 'no-store',
        ...(signal ? { signal } : {}),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw lost(cause);
    }
    if (!response.ok || !response.body) throw lost(response.status, response.status);
    if (Number(response.headers.get('content-length') ?? 0) > MANIFEST_LIMIT) {
      throw new CodedError('model/manifest', { field: MANIFEST, problem: 'is too large' });
    }
    const bytes = await readUpTo(MANIFEST_LIMIT, response.body, lost);
    return { bytes, manifest: parse(bytes), manifestSha256: hex(bytes) };
  }

  /** Writes manifest and note; what was checked before stays checked. */
  async function begin(
    bytes: Uint8Array,
    paths: readonly string[],
    address: PackageAddress | null,
  ): Promise<{ folder: Folder; note: Note; id: string; manifest: Manifest }> {
    const manifest = parse(bytes);
    for (const path of paths) {
      if (!manifest.files.some((file) => file.path === path)) {
        throw new CodedError('model/manifest', { field: path, problem: 'is not in files' });
      }
    }
    const id = idOf(hex(bytes));
    const folder = await root.folder(id);
    const old = await readNote(folder);
    const note: Note = {
      format: 1,
      address: address && { manifestUrl: address.manifestUrl, filesBase: address.filesBase },
      addedAt: old?.addedAt ?? new Date().toISOString(),
      paths: [...new Set([...(old?.paths ?? []), ...paths])],
      checked: old?.checked ?? [],
      damaged: old?.damaged ?? [],
    };
    await writeText(folder, MANIFEST, new TextDecoder().decode(bytes));
    await writeNote(folder, note);
    return { folder, note, id, manifest };
  }

  /** Counts of all files, told after each change. */
  function meter(manifest: Manifest, note: Note, onProgress: OnProgress) {
    const wanted = manifest.files.filter(({ path }) => note.paths.includes(path));
    const arrived = new Map<string, number>();
    const totalBytes = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    const tell = (restarted?: DownloadProgress['restarted']) => {
      const checked = wanted.filter(({ path }) => note.checked.includes(path));
      onProgress({
        totalBytes,
        arrivedBytes: wanted.reduce((sum, { path }) => sum + (arrived.get(path) ?? 0), 0),
        checkedBytes: checked.reduce((sum, { bytes }) => sum + bytes, 0),
        checkedFiles: checked.length,
        files: wanted.length,
        ...(restarted ? { restarted } : {}),
      });
    };
    return {
      wanted,
      at(path: string, bytes: number, why?: 'server' | 'checksum') {
        arrived.set(path, bytes);
        tell(why && { path, why });
      },
    };
  }

  /** Notes of several files that end at the same time are written one after the other. */
  function noter(folder: Folder, note: Note) {
    let turn = Promise.resolve();
    return (path: string, state: 'checked' | 'damaged' | 'unknown') => {
      note.checked = note.checked.filter((name) => name !== path);
      note.damaged = note.damaged.filter((name) => name !== path);
      if (state !== 'unknown') note[state].push(path);
      turn = turn.then(() => writeNote(folder, note));
      return turn;
    };
  }

  async function roomFor(bytes: number): Promise<number> {
    const left = await free();
    if (left !== null && left < bytes) throw new CodedError('model/storage', { needed: bytes, free: left });
    return left ?? 0;
  }

  return {
    describe,

    async list(): Promise<StoredPackage[]> {
      const found: StoredPackage[] = [];
      for (const id of await root.names()) {
        // What a newer page left, or half of a first write, is passed over here and removed by nobody.
        const one = await describe(id).catch(() => null);
        if (one) found.push(one);
      }
      return found.sort((a, b) => a.addedAt.localeCompare(b.addedAt));
    },

    async fetchManifest(address: PackageAddress): Promise<OfferedPackage> {
      const { manifest, manifestSha256 } = await readManifestAt(address);
      return { manifest, manifestSha256, stored: await describe(idOf(manifestSha256)) };
    },

    async download(
      address: PackageAddress,
      manifestSha256: string,
      paths: readonly string[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ): Promise<StoredPackage> {
      return alone(idOf(manifestSha256), async () => {
        const fetched = await readManifestAt(address, signal);
        if (fetched.manifestSha256 !== manifestSha256) {
          throw new CodedError('model/checksum', { file: MANIFEST });
        }
        const { folder, note, id, manifest } = await begin(fetched.bytes, paths, address);
        const { wanted, at } = meter(manifest, note, onProgress);
        const set = noter(folder, note);
        const sizes = new Map<string, number>();
        for (const { path } of wanted) {
          const size = (await folder.file(`${FILES}/${path}`))?.size ?? 0;
          sizes.set(path, size);
          at(path, size);
        }
        const missing = wanted.reduce(
          (sum, { path, bytes }) => sum + Math.max(0, bytes - (sizes.get(path) ?? 0)),
          0,
        );
        const left = await roomFor(missing);
        const stop = new AbortController();
        const either = AbortSignal.any([signal, stop.signal]);
        const one = async (file: WantedFile) => {
          if (note.checked.includes(file.path) && sizes.get(file.path) === file.bytes) return;
          if (note.damaged.includes(file.path)) await set(file.path, 'unknown');
          const sink = await folder.open(`${FILES}/${file.path}`);
          try {
            await fetchFile(file, sink, {
              url: new URL(file.path.split('/').map(encodeURIComponent).join('/'), address.filesBase).href,
              headers: address.headers ?? {},
              signal: either,
              onArrived: (bytes, why) => at(file.path, bytes, why),
              fetch,
              wait,
            });
          } catch (error) {
            sink.flush();
            if (error instanceof CodedError && error.code === 'model/checksum')
              await set(file.path, 'damaged');
            throw asStorage(error, missing, left);
          } finally {
            sink.close();
          }
          await set(file.path, 'checked');
          at(file.path, file.bytes);
        };
        await inParallel(wanted, PARALLEL, one, stop);
        return need(id);
      });
    },

    async importFolder(
      files: readonly { readonly path: string; readonly file: Blob }[],
      signal: AbortSignal,
      onProgress: OnProgress,
    ): Promise<StoredPackage> {
      const source = files.find(({ path }) => path === MANIFEST || path.endsWith(`/${MANIFEST}`));
      if (!source)
        throw new CodedError('model/manifest', { field: MANIFEST, problem: 'is not in the folder' });
      const base = source.path.slice(0, -MANIFEST.length);
      const byPath = new Map(files.map(({ path, file }) => [path, file]));
      const bytes = new Uint8Array(await source.file.arrayBuffer());
      const manifest = parse(bytes);
      // A package may come with the files of one variant only; those that are there are taken.
      const paths = manifest.files.map(({ path }) => path).filter((path) => byPath.has(base + path));
      return alone(idOf(hex(bytes)), async () => {
        const left = await roomFor(
          manifest.files.reduce((sum, file) => sum + (paths.includes(file.path) ? file.bytes : 0), 0),
        );
        const { folder, note, id } = await begin(bytes, paths, null);
        const { wanted, at } = meter(manifest, note, onProgress);
        const set = noter(folder, note);
        for (const file of wanted) {
          signal.throwIfAborted();
          const blob = byPath.get(base + file.path);
          if (!blob) continue;
          if (blob.size !== file.bytes) throw new CodedError('model/checksum', { file: file.path });
          const sink = await folder.open(`${FILES}/${file.path}`);
          const hash = createSha256();
          try {
            sink.truncate(0);
            for (let from = 0; from < blob.size; from += PIECE) {
              signal.throwIfAborted();
              const piece = new Uint8Array(await blob.slice(from, from + PIECE).arrayBuffer());
              sink.append(piece);
              hash.update(piece);
              at(file.path, sink.size);
            }
            sink.flush();
          } catch (error) {
            throw asStorage(error, blob.size, left);
          } finally {
            sink.close();
          }
          if (hash.hex() !== file.sha256) {
            await set(file.path, 'damaged');
            throw new CodedError('model/checksum', { file: file.path });
          }
          await set(file.path, 'checked');
          at(file.path, file.bytes);
        }
        return need(id);
      });
    },

    async verify(id: string, signal: AbortSignal, onProgress: OnProgress): Promise<StoredPackage> {
      const { manifest } = await need(id);
      const folder = await root.folder(id);
      const note = (await readNote(folder)) as Note;
      const { wanted, at } = meter(manifest, note, onProgress);
      const set = noter(folder, note);
      for (const file of wanted) {
        const blob = await folder.file(`${FILES}/${file.path}`);
        const hash = createSha256();
        for (let from = 0; blob && from < blob.size; from += PIECE) {
          signal.throwIfAborted();
          hash.update(new Uint8Array(await blob.slice(from, from + PIECE).arrayBuffer()));
          at(file.path, Math.min(blob.size, from + PIECE));
        }
        const right = blob?.size === file.bytes && hash.hex() === file.sha256;
        const partial = (blob?.size ?? 0) < file.bytes && !note.checked.includes(file.path);
        await set(file.path, right ? 'checked' : partial ? 'unknown' : 'damaged');
      }
      return need(id);
    },

    async files(id: string): Promise<{ path: string; file: File }[]> {
      const { manifest, files } = await need(id);
      const bad = files.find(({ state }) => state === 'damaged');
      if (bad) throw new CodedError('model/checksum', { file: bad.path });
      const folder = await root.folder(id);
      const found: { path: string; file: File }[] = [];
      for (const path of manifest.files.map((file) => file.path)) {
        const file = await folder.file(`${FILES}/${path}`);
        if (file) found.push({ path, file });
      }
      const own = await folder.file(MANIFEST);
      if (own) found.push({ path: MANIFEST, file: own });
      return found;
    },

    remove: (id: string) => root.remove(id),
  };
}

/** Runs `work` over the list, several at once; the first failure stops the others and is thrown when all have ended. */
async function inParallel<T>(
  list: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
  stop: AbortController,
): Promise<void> {
  let next = 0;
  let failed: { readonly error: unknown } | null = null;
  const lane = async () => {
    while (next < list.length && !failed) {
      const item = list[next++] as T;
      try {
        await work(item);
      } catch (error) {
        failed ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  if (failed) throw (failed as { error: unknown }).error;
}
