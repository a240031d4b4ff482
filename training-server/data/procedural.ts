/** Procedural clips as a source: generated once into the cache by the module `small.make_clips`. */
import { spawn } from 'node:child_process';
import { access, mkdir, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import distortions from '../../core/training/distortions.json' with { type: 'json' };
import type { DataSource } from '../../core/training/recipe-data.ts';
import { python, pythonEnvironment } from '../../scripts/python.mjs';
import type { LoadOptions } from './items.ts';
import { isWithin } from './roots.ts';
import { type Read, type Row, readOfficial } from './rows.ts';

type Procedural = Extract<DataSource, { kind: 'procedural' }>;

const home = join(import.meta.dirname, '..', 'torch');

/** Generators at work, by folder: two runs with the same clips wait for one. */
const making = new Map<string, Promise<void>>();

/** Folder name of a source's clips; it holds the version of the distortions. */
const nameOf = ({ split, groups }: Procedural) => `${split}-${groups}-v${distortions.version}`;

/** True when all clips of a source exist. */
export async function isDrawn(source: Procedural, cache = ''): Promise<boolean> {
  return isThere(join(cache, 'procedural', nameOf(source), 'clips.jsonl'));
}

/**
 * Generates the clips unless they exist (deterministic in split and groups) and reads their JSONL.
 * @throws `train/clips` {problem}: the generator's last line of output
 */
export async function makeProcedural(source: Procedural, { cache, signal, onProgress }: LoadOptions) {
  if (cache === undefined)
    throw new CodedError('train/clips', { problem: 'no folder for made clips was given' });
  const name = nameOf(source);
  const clips = join(cache, 'procedural');
  const folder = join(clips, name);
  const table = join(folder, 'clips.jsonl');
  await mkdir(clips, { recursive: true });
  if (!(await isThere(table))) {
    const numbers = ['--split', source.split, '--groups', String(source.groups)];
    const args = ['--videos', folder, '--out', join(clips, 'stills'), ...numbers];
    const job = making.get(folder) ?? generate(args, signal, (done) => onProgress?.(done, source.groups));
    making.set(folder, job);
    await job.finally(() => making.delete(folder));
  }
  const handle = await open(table);
  const real = await realpath(folder);
  return {
    rows: readOfficial(handle, `${name}/clips.jsonl`) as AsyncIterable<Read>,
    close: () => handle.close(),
    folderOf: (_: Row) => real,
    resolve: async (path: string) => {
      const file = await realpath(path);
      if (!isWithin(real, file)) throw new CodedError('train/path', { field: path });
      return file;
    },
  };
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Runs the generator with an argument list, without a shell. */
function generate(
  args: string[],
  signal: AbortSignal | undefined,
  onGroup: (done: number) => void,
): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(python, ['-m', 'small.make_clips', ...args], {
      cwd: home,
      env: pythonEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal && { signal }),
    });
    let last = '';
    let made = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      made += text.split('\n').filter((line) => line.startsWith('group ')).length;
      onGroup(made);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      last = (last + text).slice(-2000);
    });
    child.on('error', (error: NodeJS.ErrnoException) =>
      fail(error.code === 'ENOENT' ? new CodedError('train/python') : error),
    );
    child.on('close', (status) => {
      if (status === 0) done();
      else
        fail(
          new CodedError('train/clips', { problem: last.trim().split('\n').at(-1) || `status ${status}` }),
        );
    });
  });
}
