/** Clips that the small model's generator draws, as a source: made once into the cache, by a fixed entry point. */
import { spawn } from 'node:child_process';
import { mkdir, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../src/core/errors.ts';
import type { DataSource } from '../../src/core/training/recipe-data.ts';
import type { LoadOptions } from './api.ts';
import { isWithin } from './roots.ts';
import { type Read, type Row, readOfficial } from './rows.ts';

type Procedural = Extract<DataSource, { kind: 'procedural' }>;

const root = join(import.meta.dirname, '..', '..');
const python = join(root, 'scripts', 'python.mjs');

/**
 * Makes the clips that are not there yet (the same numbers give the same clips) and reads their JSONL.
 * @throws `train/clips` {problem}: what the generator said last
 */
export async function makeProcedural(source: Procedural, { cache, signal, onProgress }: LoadOptions) {
  if (cache === undefined)
    throw new CodedError('train/clips', { problem: 'no folder for made clips was given' });
  const name = `${source.split}-${source.groups}`;
  const folder = join(cache, 'procedural', name);
  const table = join(folder, 'clips.jsonl');
  await mkdir(join(cache, 'procedural'), { recursive: true });
  let handle = await open(table).catch(() => null);
  if (handle === null) {
    const args = ['--videos', folder, '--split', source.split, '--groups', String(source.groups)];
    await generate(args, signal, (done) => onProgress?.(done, source.groups));
    handle = await open(table);
  }
  const opened = handle;
  const home = await realpath(folder);
  return {
    rows: readOfficial(opened, `${name}/clips.jsonl`) as AsyncIterable<Read>,
    close: () => opened.close(),
    folderOf: (_: Row) => home,
    resolve: async (path: string) => {
      const real = await realpath(path);
      if (!isWithin(home, real)) throw new CodedError('train/path', { field: path });
      return real;
    },
  };
}

/** An argument vector for a fixed module; no shell reads it. */
function generate(
  args: string[],
  signal: AbortSignal | undefined,
  onGroup: (done: number) => void,
): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [python, '-m', 'procedural.make_clips', ...args], {
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
    child.on('error', fail);
    child.on('close', (status) => {
      if (status === 0) done();
      else
        fail(
          new CodedError('train/clips', { problem: last.trim().split('\n').at(-1) || `status ${status}` }),
        );
    });
  });
}
