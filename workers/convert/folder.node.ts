/** Checkpoint and package folders on disk. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CodedError } from '../../src/core/errors.ts';
import type { CheckpointFile, CheckpointFiles, PackageSink, SinkFile } from './files.ts';

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
      const found = await stat(join(this.#folder, name));
      if (found.isFile()) files.push({ name, bytes: found.size });
    }
    return files;
  }

  async read(name: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    const handle = await open(join(this.#folder, name));
    try {
      for (let done = 0; done < length; ) {
        // One read call moves at most 2 GiB.
        const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 2 ** 30), offset + done);
        if (bytesRead === 0)
          throw new CodedError('convert/header', { file: name, problem: 'the file ends early' });
        done += bytesRead;
      }
    } finally {
      await handle.close();
    }
    return bytes;
  }
}

/** Writes beside the target and renames at the end. The target must not exist, or be an earlier package. */
export class PackageFolder implements PackageSink {
  readonly #target: string;
  readonly #temporary: string;

  constructor(target: string) {
    this.#target = resolve(target);
    this.#temporary = `${this.#target}.partial-${randomUUID().slice(0, 8)}`;
  }

  /** @throws CodedError `convert/exists` {folder}: the target holds something that is no model package */
  async check(): Promise<void> {
    const names = await readdir(this.#target).catch(() => null);
    if (names !== null && names.length > 0 && !names.includes('manifest.json')) {
      throw new CodedError('convert/exists', { folder: this.#target }, `${this.#target} is not empty`);
    }
  }

  async create(path: string): Promise<SinkFile> {
    const full = join(this.#temporary, path);
    await mkdir(dirname(full), { recursive: true });
    const handle = await open(full, 'wx');
    return {
      async write(bytes) {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 2 ** 30));
          done += bytesWritten;
        }
      },
      close: () => handle.close(),
    };
  }

  async commit(): Promise<void> {
    await this.check();
    await rm(this.#target, { recursive: true, force: true });
    await rename(this.#temporary, this.#target);
  }

  async abort(): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true });
  }
}
