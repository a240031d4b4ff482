/** The built command as a process, for its tests. */
import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { decoderHome } from '../../scripts/decoder.mjs';

export const root = join(import.meta.dirname, '..', '..');
export const sample = join(root, 'public', 'sample.mp4');
export const command = join(root, '.scratch', 'command', 'vqathinker.mjs');
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

/** Builds the command into `.scratch/command`. */
export const buildCommand = () =>
  execFileSync(process.execPath, [join(root, 'command', 'pack.ts'), '--folder'], { stdio: 'inherit' });

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
