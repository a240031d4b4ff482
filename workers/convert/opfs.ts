/** Input and output of a conversion in the browser: a dropped checkpoint folder, and a package folder in OPFS. */

import type {
  CheckpointFile,
  CheckpointFiles,
  PackageSink,
  SinkFile,
  WrittenFile,
} from '../../convert/files.ts';
import {
  borneOut,
  graphLine,
  journalName,
  journalText,
  readJournal,
  recordLine,
} from '../../convert/journal.ts';
import { CodedError } from '../../core/errors.ts';
import { packageFiles } from '../../core/files/package-store.ts';
import { keepAliveDuring } from '../thread/file-handles.ts';

/** Files that the user dropped or chose. Blobs are read by slices; the browser keeps them on disk. */
export class DroppedFiles implements CheckpointFiles {
  readonly #files: ReadonlyMap<string, File>;

  /** @param files of one folder, those in its subfolders left out */
  constructor(files: readonly File[]) {
    this.#files = new Map(files.map((file) => [file.name, file]));
  }

  async list(): Promise<readonly CheckpointFile[]> {
    return [...this.#files.values()].map(({ name, size: bytes }) => ({ name, bytes }));
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const slice = this.#files.get(name)?.slice(offset, offset + length);
    if (slice === undefined || slice.size !== length) {
      throw new CodedError('convert/header', { file: name, problem: 'the file ends early' });
    }
    return new Uint8Array(await slice.arrayBuffer());
  }
}

/**
 * A package in the store of packages, made in place. Directories of this file system cannot be renamed: the folder of a whole
 * package has no journal. In any other folder the next conversion of the same checkpoint goes on where this one stopped.
 */
export class OpfsPackage implements PackageSink {
  readonly #folder: FileSystemDirectoryHandle;
  readonly #free: () => Promise<number | null>;
  readonly #open = new Set<FileSystemSyncAccessHandle>();
  #recorded: ReadonlyMap<string, number> = new Map();

  /**
   * @param folder of the package
   * @param free bytes that may still be stored; null where the browser does not report them
   */
  constructor(folder: FileSystemDirectoryHandle, free: () => Promise<number | null>) {
    this.#folder = folder;
    this.#free = free;
  }

  async begin(key: string): Promise<readonly (readonly WrittenFile[])[]> {
    const text = (await (await fileAt(this.#folder, journalName))?.text()) ?? '';
    const before = readJournal(text, key) ?? { graphs: [], recorded: new Map<string, number>() };
    const journal = await borneOut(before, async (path) => {
      const file = await fileAt(this.#folder, `${packageFiles}/${path}`);
      return file?.size ?? null;
    });
    this.#recorded = journal.recorded;
    const retained = [...journal.graphs.flat().map(({ path }) => path), ...journal.recorded.keys()];
    const files = await keepAliveDuring(this.#folder, (one) =>
      one.getDirectoryHandle(packageFiles, { create: true }),
    );
    await removeOthers(files, new Set(retained), '');
    await this.#onDisk(() => this.#note(journalText(key, journal), true));
    return journal.graphs;
  }

  async reserve(bytes: number): Promise<void> {
    const free = await this.#free();
    if (free !== null && free < bytes) throw new CodedError('convert/storage', { needed: bytes, free });
  }

  async #note(text: string, anew = false): Promise<void> {
    const file = await openFile(this.#folder, journalName);
    try {
      if (anew) file.truncate(0);
      append(file, new TextEncoder().encode(text), file.getSize());
      file.flush();
    } finally {
      file.close();
    }
  }

  finished(files: readonly WrittenFile[]): Promise<void> {
    return this.#onDisk(() => this.#note(graphLine(files)));
  }

  async create(path: string, ends: ReadonlySet<number>): Promise<SinkFile> {
    const [name, folder] = await folderOf(this.#folder, `${packageFiles}/${path}`, true);
    const file = await openFile(folder, name);
    this.#open.add(file);
    const before = this.#recorded.get(path) ?? 0;
    const recorded = ends.has(before) ? before : 0;
    file.truncate(recorded);
    let at = recorded;
    const record = () =>
      this.#onDisk(async () => {
        file.flush();
        await this.#note(recordLine(path, at));
      });
    return {
      recorded,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        file.read(bytes, { at: offset });
        return bytes;
      },
      write: (bytes) =>
        this.#onDisk(async () => {
          append(file, bytes, at);
          at += bytes.length;
        }),
      record,
      close: async () => {
        await record();
        this.#open.delete(file);
        file.close();
      },
    };
  }

  async commit(): Promise<void> {
    await this.#folder.removeEntry(journalName);
  }

  async suspend(): Promise<void> {
    for (const file of this.#open) file.close();
    this.#open.clear();
  }

  async abort(): Promise<void> {
    await this.suspend();
    for await (const [name] of this.#folder.entries())
      await this.#folder.removeEntry(name, { recursive: true }).catch(() => {});
  }

  /** @throws CodedError `convert/disk-full` */
  async #onDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof DOMException && cause.name === 'QuotaExceededError')) throw cause;
      throw new CodedError('convert/disk-full', {}, undefined, { cause });
    }
  }
}

/** Writes all bytes; a full disk may take a part of them instead of throwing. */
function append(file: FileSystemSyncAccessHandle, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    const n = file.write(bytes.subarray(done) as Uint8Array<ArrayBuffer>, { at: at + done });
    if (n === 0) throw new DOMException('the disk is full', 'QuotaExceededError');
    done += n;
  }
}

/** Replaces a small file's text. */
export async function writeText(
  folder: FileSystemDirectoryHandle,
  name: string,
  text: string,
): Promise<void> {
  const file = await openFile(folder, name);
  try {
    file.truncate(0);
    append(file, new TextEncoder().encode(text), 0);
    file.flush();
  } finally {
    file.close();
  }
}

/** Null where there is none. */
export async function fileAt(root: FileSystemDirectoryHandle, path: string): Promise<File | null> {
  try {
    const [name, folder] = await folderOf(root, path, false);
    const handle = await keepAliveDuring(folder, (one) => one.getFileHandle(name));
    return await keepAliveDuring(handle, (one) => one.getFile());
  } catch {
    return null;
  }
}

/** A file opened for writing in place, created where there is none. */
async function openFile(
  folder: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemSyncAccessHandle> {
  const handle = await keepAliveDuring(folder, (one) => one.getFileHandle(name, { create: true }));
  return keepAliveDuring(handle, (one) => one.createSyncAccessHandle());
}

/** Name and folder of the file at a path. */
async function folderOf(
  root: FileSystemDirectoryHandle,
  path: string,
  create: boolean,
): Promise<[string, FileSystemDirectoryHandle]> {
  const parts = path.split('/');
  let folder = root;
  for (const part of parts.slice(0, -1)) {
    folder = await keepAliveDuring(folder, (one) => one.getDirectoryHandle(part, { create }));
  }
  return [parts.at(-1)!, folder];
}

async function removeOthers(
  folder: FileSystemDirectoryHandle,
  retained: ReadonlySet<string>,
  prefix: string,
): Promise<void> {
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === 'directory')
      await removeOthers(handle as FileSystemDirectoryHandle, retained, `${prefix}${name}/`);
    else if (!retained.has(prefix + name)) await folder.removeEntry(name);
  }
}
