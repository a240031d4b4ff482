/** The built command as a process, for its tests. */
import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoderHome } from '../../scripts/decoder.mjs';

export const root = join(import.meta.dirname, '..', '..');
export const sample = join(root, 'public', 'sample.mp4');
/** A folder of this test's own: another test may build the command at the same time. */
const folder = mkdtempSync(join(tmpdir(), 'command '));
export const command = join(folder, 'command', 'vqathinker.mjs');
/** Videos and inputs that are read in place. */
export const shared = process.env.VQA_SHARED ?? join(root, '..', 'shared');

export const environment = { ...process.env, VQATHINKER_DECODER: decoderHome };

/** False where npm left the decoder's binary out. */
export function hasDecoder(): boolean {
  try {
    createRequire(join(decoderHome, 'package.json'))('node-av/lib');
    return true;
  } catch {
    return false;
  }
}

/** Builds the command into a temporary folder. */
export const buildCommand = () =>
  execFileSync(process.execPath, [join(root, 'command', 'pack.ts'), '--folder', '--into', folder], {
    stdio: 'inherit',
  });

export const removeCommand = () => rmSync(folder, { recursive: true });

export interface Ended {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

interface RunOptions {
  readonly cwd?: string;
  readonly command?: string;
  readonly decoder?: string;
  /** Gets the process, to stop it. */
  readonly started?: (child: ChildProcess) => void;
}

/** Runs the command to its end. */
export const run = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  new Promise((done) => {
    const child = execFile(
      process.execPath,
      [options.command ?? command, ...args],
      {
        cwd: options.cwd ?? root,
        env: { ...environment, ...(options.decoder && { VQATHINKER_DECODER: options.decoder }) },
        maxBuffer: 1 << 28,
      },
      (error, out, err) => done({ status: error ? Number(error.code) : 0, out, error: err }),
    );
    options.started?.(child);
  });

/** Rows of JSON lines. */
export const rowsIn = <T>(text: string): T[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
