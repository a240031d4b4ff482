/** Checkpoint and package folders on disk. */
import { randomUUID } from 'node:crypto';
import {
  appendFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { CodedError } from '../core/errors.ts';
import type { CheckpointFile, CheckpointFiles, PackageSink, SinkFile, WrittenFile } from './files.ts';
import {
  borneOut,
  graphLine,
  type Journal,
  journalName,
  journalText,
  readJournal,
  recordLine,
} from './journal.ts';

export class CheckpointFolder implements CheckpointFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async list(): Promise<readonly CheckpointFile[]> {
    const names = await readdir(this.#folder).catch((cause: unknown) => {
      throw new CodedError('convert/folder', { folder: this.#folder }, `no folder ${this.#folder}`, {
        cause,
      });
    });
    const files: CheckpointFile[] = [];
    for (const name of names.sort()) {
      const stats = await stat(join(this.#folder, name));
      if (stats.isFile()) files.push({ name, bytes: stats.size });
    }
    return files;
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const handle = await open(join(this.#folder, name));
    try {
      await readWhole(handle, bytes, offset, name);
    } finally {
      await handle.close();
    }
    return bytes;
  }
}

/**
 * Writes beside the target folder and renames at the end. The target must not exist, or be an earlier package. Files of an
 * interrupted conversion are reused where they are of the same one, and removed otherwise.
 */
export class PackageFolder implements PackageSink {
  readonly #target: string;
  readonly #open = new Set<FileHandle>();
  #temporary = '';
  #recorded: ReadonlyMap<string, number> = new Map();

  constructor(target: string) {
    this.#target = resolve(target);
  }

  /** @throws CodedError `convert/exists` {folder}: the target holds something that is no model package */
  async check(): Promise<void> {
    const names = await readdir(this.#target).catch(() => null);
    if (names !== null && names.length > 0 && !names.includes('manifest.json')) {
      throw new CodedError('convert/exists', { folder: this.#target }, `${this.#target} is not empty`);
    }
  }

  begin(key: string): Promise<readonly (readonly WrittenFile[])[]> {
    return this.#onDisk(async () => {
      const parent = dirname(this.#target);
      const prefix = `${basename(this.#target)}.partial-`;
      const left = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(prefix));
      let leftover: { folder: string; journal: Journal } | null = null;
      for (const name of left) {
        const folder = join(parent, name);
        if (isAlive(Number(name.split('-').at(-1)))) continue;
        const text = await readFile(join(folder, journalName), 'utf8').catch(() => '');
        const journal: Journal | null = leftover === null ? readJournal(text, key) : null;
        if (journal !== null) leftover = { folder, journal };
        else await rm(folder, { recursive: true, force: true });
      }
      // Two conversions into the same folder at once have a temporary folder each, named by process.
      this.#temporary = join(parent, `${prefix}${randomUUID().slice(0, 8)}-${process.pid}`);
      // Another conversion may have renamed it in between.
      const taken =
        leftover !== null &&
        (await rename(leftover.folder, this.#temporary).then(
          () => true,
          () => false,
        ));
      await mkdir(this.#temporary, { recursive: true });
      const journal = await borneOut(
        taken && leftover !== null ? leftover.journal : { graphs: [], recorded: new Map() },
        (path) =>
          stat(join(this.#temporary, path)).then(
            ({ size }) => size,
            () => null,
          ),
      );
      this.#recorded = journal.recorded;
      await this.#removeOthers(
        new Set([...journal.graphs.flat().map(({ path }) => path), ...journal.recorded.keys()]),
      );
      await writeFile(join(this.#temporary, journalName), journalText(key, journal));
      return journal.graphs;
    });
  }

  async #removeOthers(retained: ReadonlySet<string>): Promise<void> {
    for (const entry of await readdir(this.#temporary, { recursive: true, withFileTypes: true })) {
      const full = join(entry.parentPath, entry.name);
      const path = relative(this.#temporary, full).split(sep).join('/');
      if (entry.isFile() && !retained.has(path)) await rm(full);
    }
  }

  async reserve(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#temporary);
    const free = bavail * bsize;
    if (free < bytes) throw new CodedError('convert/storage', { needed: bytes, free });
  }

  finished(files: readonly WrittenFile[]): Promise<void> {
    return this.#note(graphLine(files));
  }

  #note(line: string): Promise<void> {
    return this.#onDisk(() => appendFile(join(this.#temporary, journalName), line, { flush: true }));
  }

  create(path: string, ends: ReadonlySet<number>): Promise<SinkFile> {
    return this.#onDisk(async () => {
      const full = join(this.#temporary, path);
      await mkdir(dirname(full), { recursive: true });
      const before = this.#recorded.get(path) ?? 0;
      const recorded = ends.has(before) ? before : 0;
      const handle = await open(full, recorded > 0 ? 'r+' : 'w+');
      this.#open.add(handle);
      await handle.truncate(recorded);
      let at = recorded;
      return {
        recorded,
        read: async (offset, length) => {
          const bytes = new Uint8Array(length);
          await readWhole(handle, bytes, offset, path);
          return bytes;
        },
        write: (bytes) =>
          this.#onDisk(async () => {
            for (let done = 0; done < bytes.length; ) {
              const length = Math.min(bytes.length - done, 2 ** 30);
              const { bytesWritten } = await handle.write(bytes, done, length, at);
              done += bytesWritten;
              at += bytesWritten;
            }
          }),
        record: async () => {
          await this.#onDisk(() => handle.datasync());
          await this.#note(recordLine(path, at));
        },
        close: async () => {
          await this.#onDisk(() => handle.sync());
          this.#open.delete(handle);
          await handle.close();
          await this.#note(recordLine(path, at));
        },
      };
    });
  }

  async commit(): Promise<void> {
    await this.check();
    await rm(join(this.#temporary, journalName));
    await rm(this.#target, { recursive: true, force: true });
    await rename(this.#temporary, this.#target);
  }

  /** The folder is renamed so that a later conversion of this process, too, takes it over. */
  async suspend(): Promise<void> {
    await this.#close();
    if (this.#temporary !== '') await rename(this.#temporary, this.#temporary.replace(/\d+$/, '0'));
  }

  async abort(): Promise<void> {
    await this.#close();
    if (this.#temporary !== '') await rm(this.#temporary, { recursive: true, force: true });
  }

  async #close(): Promise<void> {
    for (const handle of this.#open) await handle.close().catch(() => {});
    this.#open.clear();
  }

  /** @throws CodedError `convert/disk-full` {folder} */
  async #onDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw cause;
      throw new CodedError('convert/disk-full', { folder: dirname(this.#target) }, undefined, { cause });
    }
  }
}

/** Fills `bytes` from `offset` of a file. */
async function readWhole(handle: FileHandle, bytes: Uint8Array, offset: number, file: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    // One read call moves at most 2 GiB.
    const length = Math.min(bytes.length - done, 2 ** 30);
    const { bytesRead } = await handle.read(bytes, done, length, offset + done);
    if (bytesRead === 0) throw new CodedError('convert/header', { file, problem: 'the file ends early' });
    done += bytesRead;
  }
}

/** True where a process with that number runs, this one included; false for a name without a number. */
function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
