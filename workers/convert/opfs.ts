/** Input and output of a conversion in the browser: a dropped checkpoint folder, and a package folder in OPFS. */

import type {
  CheckpointFile,
  CheckpointFiles,
  PackageSink,
  SinkFile,
  WrittenFile,
} from '../../convert/files.ts';
import { graphLine, headLine, journalName, readJournal } from '../../convert/journal.ts';
import { CodedError } from '../../core/errors.ts';
import { createSha256, type Digest } from '../../core/files/sha256.ts';
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
 * A package folder. Directories of this file system cannot be renamed, so a whole package is one with `manifest.json`, which
 * the converter writes last, and without a journal. In any other folder the next conversion reuses the graphs of the same
 * conversion and removes the rest.
 */
export class OpfsPackage implements PackageSink {
  readonly #parent: FileSystemDirectoryHandle;
  readonly #name: string;
  readonly #digest: () => Digest;
  #folder: FileSystemDirectoryHandle | null = null;

  /** @param digest for the checksums of files that an interrupted conversion has left */
  constructor(parent: FileSystemDirectoryHandle, name: string, digest: () => Digest = () => createSha256()) {
    this.#parent = parent;
    this.#name = name;
    this.#digest = digest;
  }

  /** @throws CodedError `convert/exists` {folder}: there is a package of that name */
  async begin(key: string): Promise<readonly (readonly WrittenFile[])[]> {
    const before = await keepAliveDuring(this.#parent, (parent) =>
      parent.getDirectoryHandle(this.#name),
    ).catch(() => null);
    const whole: WrittenFile[][] = [];
    if (before !== null) {
      const manifest = await keepAliveDuring(before, (folder) => folder.getFileHandle('manifest.json')).catch(
        () => null,
      );
      const journal = await keepAliveDuring(before, (folder) => folder.getFileHandle(journalName)).catch(
        () => null,
      );
      if (manifest !== null && journal === null)
        throw new CodedError('convert/exists', { folder: this.#name });
      const text =
        journal === null ? '' : await (await keepAliveDuring(journal, (file) => file.getFile())).text();
      for (const graph of readJournal(text, key) ?? []) {
        const sums = await Promise.all(graph.map(({ path }) => this.#sha256(before, path)));
        if (graph.every(({ sha256 }, i) => sums[i] === sha256)) whole.push(graph);
      }
      await removeOthers(before, new Set(whole.flat().map(({ path }) => path)), '');
    }
    this.#folder = await keepAliveDuring(this.#parent, (parent) =>
      parent.getDirectoryHandle(this.#name, { create: true }),
    );
    await this.#note(headLine(key) + whole.map(graphLine).join(''));
    return whole;
  }

  async #sha256(folder: FileSystemDirectoryHandle, path: string): Promise<string | null> {
    const digest = this.#digest();
    try {
      const [file, inside] = await folderOf(folder, path, false);
      const handle = await keepAliveDuring(inside, (one) => one.getFileHandle(file));
      const stream = (await keepAliveDuring(handle, (one) => one.getFile())).stream();
      for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) digest.update(chunk);
    } catch {
      return null;
    }
    return digest.hex();
  }

  async #note(text: string): Promise<void> {
    const file = await openFile(this.#opened(), journalName);
    file.write(new TextEncoder().encode(text), { at: file.getSize() });
    file.flush();
    file.close();
  }

  #opened(): FileSystemDirectoryHandle {
    if (this.#folder === null) throw new RangeError('begin comes first');
    return this.#folder;
  }

  finished(files: readonly WrittenFile[]): Promise<void> {
    return this.#note(graphLine(files));
  }

  async create(path: string): Promise<SinkFile> {
    const [name, folder] = await folderOf(this.#opened(), path, true);
    const file = await openFile(folder, name);
    let at = 0;
    return {
      async write(bytes) {
        for (let done = 0; done < bytes.length; ) {
          const n = file.write(bytes.subarray(done) as Uint8Array<ArrayBuffer>, { at });
          if (n === 0) throw new CodedError('model/storage', { needed: bytes.length - done, free: 0 });
          done += n;
          at += n;
        }
      },
      async close() {
        file.flush();
        file.close();
      },
    };
  }

  async commit(): Promise<void> {
    await this.#opened().removeEntry(journalName);
  }

  async abort(): Promise<void> {
    if (this.#folder === null) return;
    this.#folder = null;
    await this.#parent.removeEntry(this.#name, { recursive: true }).catch(() => {});
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
