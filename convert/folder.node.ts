/** Checkpoint and package folders on disk. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { CodedError } from '../core/errors.ts';
import type { CheckpointFile, CheckpointFiles, PackageSink, SinkFile, WrittenFile } from './files.ts';
import { graphLine, headLine, journalName, readJournal } from './journal.ts';

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

/**
 * Writes beside the target folder and renames at the end. The target must not exist, or be an earlier package. Files of a
 * killed process are reused where they are of the same conversion, and removed otherwise.
 */
export class PackageFolder implements PackageSink {
  readonly #target: string;
  #temporary = '';

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

  async begin(key: string): Promise<readonly (readonly WrittenFile[])[]> {
    const parent = dirname(this.#target);
    const prefix = `${basename(this.#target)}.partial-`;
    const left = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(prefix));
    let leftover: { folder: string; finished: WrittenFile[][] } | null = null;
    for (const name of left) {
      const folder = join(parent, name);
      if (isAlive(Number(name.split('-').at(-1)))) continue;
      const text = await readFile(join(folder, journalName), 'utf8').catch(() => '');
      const finished: WrittenFile[][] | null = leftover === null ? readJournal(text, key) : null;
      if (finished !== null) leftover = { folder, finished };
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
    const graphs = await this.#whole(taken ? (leftover?.finished ?? []) : []);
    await writeFile(join(this.#temporary, journalName), headLine(key) + graphs.map(graphLine).join(''));
    return graphs;
  }

  /** Graphs whose files all have their recorded checksums; other files of the folder are removed. */
  async #whole(graphs: readonly WrittenFile[][]): Promise<WrittenFile[][]> {
    const whole: WrittenFile[][] = [];
    for (const graph of graphs) {
      const sums = await Promise.all(graph.map(({ path }) => sha256Of(join(this.#temporary, path))));
      if (graph.every(({ sha256 }, i) => sums[i] === sha256)) whole.push(graph);
    }
    const retained = new Set(whole.flat().map(({ path }) => path));
    for (const entry of await readdir(this.#temporary, { recursive: true, withFileTypes: true })) {
      const full = join(entry.parentPath, entry.name);
      const path = relative(this.#temporary, full).split(sep).join('/');
      if (entry.isFile() && !retained.has(path)) await rm(full);
    }
    return whole;
  }

  async finished(files: readonly WrittenFile[]): Promise<void> {
    await appendFile(join(this.#temporary, journalName), graphLine(files), { flush: true });
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
      async close() {
        await handle.sync();
        await handle.close();
      },
    };
  }

  async commit(): Promise<void> {
    await this.check();
    await rm(join(this.#temporary, journalName));
    await rm(this.#target, { recursive: true, force: true });
    await rename(this.#temporary, this.#target);
  }

  async abort(): Promise<void> {
    if (this.#temporary !== '') await rm(this.#temporary, { recursive: true, force: true });
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

/** Null where the file cannot be read. */
async function sha256Of(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }))
      hash.update(chunk as Buffer);
  } catch {
    return null;
  }
  return hash.digest('hex');
}
