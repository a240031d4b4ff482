/** The built command, as a process: bundle, decoder, model and exit status. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decoderHome } from '../../scripts/decoder.mjs';
import type { Scored, Unreadable } from '../node/rows.ts';

const root = join(import.meta.dirname, '..', '..');

/** False where npm left the decoder's binary out. */
function hasDecoder(): boolean {
  try {
    createRequire(join(decoderHome, 'package.json'))('node-av/lib');
    return true;
  } catch {
    return false;
  }
}

const sample = join(root, 'public', 'sample.mp4');
const command = join(root, '.scratch', 'command', 'vqathinker.mjs');
const folder = mkdtempSync(join(tmpdir(), 'a folder with spaces '));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly error: string;
}

const run = (
  args: readonly string[],
  more: { cwd?: string; command?: string; decoder?: string } = {},
): Promise<Ended> =>
  new Promise((done) => {
    execFile(
      process.execPath,
      [more.command ?? command, ...args],
      { cwd: more.cwd ?? root, env: { ...process.env, VQATHINKER_DECODER: more.decoder ?? decoderHome } },
      (error, out, err) => done({ status: error ? Number(error.code) : 0, out, error: err }),
    );
  });

describe.skipIf(!hasDecoder())('the built command (skipped without node-av)', () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'command', 'pack.ts'), '--folder'], { stdio: 'inherit' });
  });

  test('scores a clip, names what cannot be read, and a limit sets the status', async () => {
    const text = join(folder, 'text.mp4');
    writeFileSync(text, 'no video\n');
    const output = join(folder, 'out.jsonl');
    const first = await run(['score', sample, text, '-o', output, '-j', '1', '--people']);
    expect(first).toMatchObject({ status: 3, out: '', error: '' });
    const rows = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [scored, unreadable] = rows as [Scored, Unreadable];
    expect(scored.score).toBeGreaterThan(1);
    expect(scored.text).toContain(`<answer>${scored.score?.toFixed(2)}</answer>`);
    expect(scored.human_estimate).toMatchObject({ datasets: expect.arrayContaining(['KoNViD-1k']) });
    expect(unreadable.error.code).toBe('media/container');

    const again = await run([
      'score',
      sample,
      '-o',
      output,
      '--resume',
      '--min',
      String(scored.score! + 0.01),
    ]);
    expect(again.status).toBe(1);
    const [stored] = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Scored);
    // The same milliseconds: it was not scored a second time.
    expect(stored).toEqual({ ...scored, failed: [{ gate: 'min', limit: scored.score! + 0.01 }] });
  });

  test('works from a folder whose name has spaces, and says what is missing without a decoder', async () => {
    const bare = join(folder, 'installed');
    mkdirSync(bare);
    for (const name of ['vqathinker.mjs', 'package.json'])
      copyFileSync(join(command, '..', name), join(bare, name));
    const { status, error } = await run(['score', sample], {
      cwd: folder,
      command: join(bare, 'vqathinker.mjs'),
      decoder: join(folder, 'absent'),
    });
    expect(status).toBe(4);
    expect(error).toContain('npm install node-av');
  });

  test('a wrong call has status 2 and names its fault', async () => {
    expect(await run(['score', 'absent.mp4'])).toMatchObject({
      status: 2,
      error: expect.stringContaining('There is no file or folder absent.mp4'),
    });
  });
});
