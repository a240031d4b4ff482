/** The browser's borders: a dropped checkpoint folder, and a package folder in the origin private file system. */
import { CodedError } from '../../src/core/errors.ts';
import type { CheckpointFile, CheckpointFiles, PackageSink, SinkFile } from './files.ts';

/** Files that a person dropped or chose. Blobs are read by slices; the browser keeps them on disk. */
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
 * A package folder. Directories of this file system cannot be renamed, so its mark of being whole is `manifest.json`,
 * which the converter writes last: a folder without one is no package, and is removed by the next conversion there.
 */
export class OpfsPackage implements PackageSink {
  readonly #parent: FileSystemDirectoryHandle;
  readonly #name: string;
  #folder: FileSystemDirectoryHandle | null = null;

  constructor(parent: FileSystemDirectoryHandle, name: string) {
    this.#parent = parent;
    this.#name = name;
  }

  /** @throws CodedError `convert/exists` {folder}: there is a package of that name */
  async #open(): Promise<FileSystemDirectoryHandle> {
    if (this.#folder !== null) return this.#folder;
    const before = await this.#parent.getDirectoryHandle(this.#name).catch(() => null);
    if (before !== null) {
      const whole = await before.getFileHandle('manifest.json').catch(() => null);
      if (whole !== null) throw new CodedError('convert/exists', { folder: this.#name });
      await this.#parent.removeEntry(this.#name, { recursive: true });
    }
    this.#folder = await this.#parent.getDirectoryHandle(this.#name, { create: true });
    return this.#folder;
  }

  async create(path: string): Promise<SinkFile> {
    let folder = await this.#open();
    const parts = path.split('/');
    for (const part of parts.slice(0, -1)) folder = await folder.getDirectoryHandle(part, { create: true });
    const handle = await folder.getFileHandle(parts.at(-1)!, { create: true });
    const file = await handle.createSyncAccessHandle();
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

  async commit(): Promise<void> {}

  async abort(): Promise<void> {
    if (this.#folder === null) return;
    this.#folder = null;
    await this.#parent.removeEntry(this.#name, { recursive: true }).catch(() => {});
  }
}
