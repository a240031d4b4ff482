/** Conversions that end before their time, at any moment: the next one goes on, and writes the same bytes. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CodedError } from '../core/errors.ts';
import { seededRandom } from '../core/stats/random.ts';
import { errorMessage } from '../core/text/error-messages.ts';
import type { PackageSink, SinkFile } from './files.ts';
import { CheckpointFolder, PackageFolder } from './folder.node.ts';
import { convertCheckpoint } from './package.ts';

/** Bytes that the disk still takes. */
const disk = vi.hoisted(() => ({ room: Number.POSITIVE_INFINITY, free: null as number | null }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (...given) => {
    const handle = await real.open(...given);
    const write = handle.write.bind(handle) as (...all: unknown[]) => Promise<{ bytesWritten: number }>;
    Object.assign(handle, {
      write: async (bytes: Uint8Array, offset: number, length: number, at: number) => {
        if (length > disk.room) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
        disk.room -= length;
        return write(bytes, offset, length, at);
      },
    });
    return handle;
  };
  const statfs = async (path: string) =>
    disk.free === null ? real.statfs(path) : { ...(await real.statfs(path)), bavail: disk.free, bsize: 1 };
  return { ...real, open, statfs };
});

const checkpoint = new CheckpointFolder(
  join(import.meta.dirname, '..', 'training-server', 'checkpoints', 'tiny'),
);
const temporary = mkdtempSync(join(tmpdir(), 'resume-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));
afterEach(() => {
  disk.room = Number.POSITIVE_INFINITY;
  disk.free = null;
});

/** As a large checkpoint is to the usual step, so is the tiny one to this. */
const options = { variants: [{ target: 'webgpu', dtype: 'q4f16' }], recordBytes: 4096 } as const;

function contents(folder: string): [string, string][] {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return paths.flatMap((path): [string, string][] =>
    statSync(join(folder, path)).isFile()
      ? [[path, readFileSync(join(folder, path)).toString('base64')]]
      : [],
  );
}

class Killed extends Error {}

/** A sink whose process dies at a write: a part of the bytes is written, and nothing is tidied up. */
class Dying implements PackageSink {
  readonly #inner: PackageFolder;
  #left: number;
  readonly #part: number;
  writes = 0;

  constructor(inner: PackageFolder, left = Number.POSITIVE_INFINITY, part = 0) {
    this.#inner = inner;
    this.#left = left;
    this.#part = part;
  }

  begin = (key: string) => this.#inner.begin(key);
  reserve = (bytes: number) => this.#inner.reserve(bytes);
  finished: PackageSink['finished'] = (files) => this.#inner.finished(files);
  commit = () => this.#inner.commit();
  suspend = async () => {};
  abort = async () => {};

  async create(path: string, ends: ReadonlySet<number>): Promise<SinkFile> {
    const file = await this.#inner.create(path, ends);
    return {
      ...file,
      write: async (bytes) => {
        this.writes++;
        if (this.#left-- > 0) return file.write(bytes);
        await file.write(bytes.subarray(0, Math.floor(this.#part * bytes.length)));
        throw new Killed();
      },
    };
  }
}

let whole: [string, string][];
let writes = 0;

beforeAll(async () => {
  const out = join(temporary, 'whole');
  const sink = new Dying(new PackageFolder(out));
  await convertCheckpoint(checkpoint, sink, options);
  whole = contents(out);
  writes = sink.writes;
});

describe('a conversion', () => {
  it('writes the same bytes after it was killed at 20 random moments', async () => {
    const random = seededRandom(11);
    const parent = mkdtempSync(join(temporary, 'killed-'));
    const out = join(parent, 'out');
    const steps: number[] = [];
    for (let i = 0; i < 20; i++) {
      const moment = 1 + Math.floor(random.uniform() * writes * 0.3);
      const dying = new Dying(new PackageFolder(out), moment, random.uniform());
      await convertCheckpoint(checkpoint, dying, options).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
      steps.push(dying.writes);
      // The process of this test lives on; the folder of a dead one is named by another number.
      for (const name of readdirSync(parent))
        renameSync(join(parent, name), join(parent, name.replace(/-\d+$/, '-0')));
    }
    await convertCheckpoint(checkpoint, new PackageFolder(out), options);
    expect(contents(out)).toEqual(whole);
    expect(readdirSync(parent)).toEqual(['out']);
  }, 60_000);

  it('loses no more than a step by a kill', async () => {
    const parent = mkdtempSync(join(temporary, 'step-'));
    const out = join(parent, 'out');
    // Each of them makes a little progress; a conversion that began its file anew would never end.
    let kills = 0;
    for (; kills < writes; kills++) {
      const dying = new Dying(new PackageFolder(out), 8);
      const error = await convertCheckpoint(checkpoint, dying, options).then(
        () => null,
        (cause: unknown) => cause,
      );
      if (error === null) break;
      if (!(error instanceof Killed)) throw error;
      for (const name of readdirSync(parent))
        renameSync(join(parent, name), join(parent, name.replace(/-\d+$/, '-0')));
    }
    expect(kills).toBeGreaterThan(5);
    expect(kills).toBeLessThan(writes);
    expect(contents(out)).toEqual(whole);
  }, 120_000);

  it('keeps what is finished when the disk is full, says so, and goes on', async () => {
    const parent = mkdtempSync(join(temporary, 'full-'));
    const out = join(parent, 'out');
    disk.room = 400_000;
    const error = (await convertCheckpoint(checkpoint, new PackageFolder(out), options).catch(
      (cause: unknown) => cause,
    )) as CodedError;
    expect(error).toMatchObject({ code: 'convert/disk-full', params: { folder: parent } });
    expect(errorMessage(error)).toContain('parts that are finished are kept');
    const [partial] = readdirSync(parent);
    expect(contents(join(parent, partial!)).length).toBeGreaterThan(3);
    disk.room = Number.POSITIVE_INFINITY;
    const shares: number[] = [];
    await convertCheckpoint(checkpoint, new PackageFolder(out), {
      ...options,
      onProgress: ({ stage, done, total }) => void (stage === 'write' && shares.push(done / total)),
    });
    expect(shares[0]).toBeGreaterThan(0.1);
    expect(contents(out)).toEqual(whole);
    expect(readdirSync(parent)).toEqual(['out']);
  });

  it('begins nothing that the disk cannot hold', async () => {
    const out = join(mkdtempSync(join(temporary, 'little-')), 'out');
    disk.free = 100_000;
    await expect(convertCheckpoint(checkpoint, new PackageFolder(out), options)).rejects.toMatchObject({
      code: 'convert/storage',
      params: { free: 100_000 },
    });
  });

  it('goes on after a stop', async () => {
    const parent = mkdtempSync(join(temporary, 'stopped-'));
    const out = join(parent, 'out');
    const stop = new AbortController();
    const stopped = convertCheckpoint(checkpoint, new PackageFolder(out), {
      ...options,
      signal: stop.signal,
      onProgress: ({ stage, done }) => stage === 'write' && done > 300_000 && stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    await convertCheckpoint(checkpoint, new PackageFolder(out), options);
    expect(contents(out)).toEqual(whole);
    expect(readdirSync(parent)).toEqual(['out']);
  });
});
