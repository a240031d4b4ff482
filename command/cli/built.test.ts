/** The built command, as a process: bundle, decoder, model and exit status. */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import type { Calibration } from '../../core/files/calibration.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { isScored, type Row, type Scored, type Unreadable } from '../node/rows.ts';
import {
  buildCommand,
  command,
  environment,
  hasDecoder,
  removeCommand,
  root,
  rowsIn,
  run,
  sample,
  shared,
} from './built-command.ts';

// Each test starts processes that load the model: seconds, and minutes on a busy machine.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const folder = mkdtempSync(join(tmpdir(), 'a folder with spaces '));
afterAll(() => {
  rmSync(folder, { recursive: true });
  removeCommand();
});

describe.skipIf(!hasDecoder())('the built command (skipped without node-av)', () => {
  beforeAll(() => {
    buildCommand();
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
    // The bundled package's own score is that estimate.
    expect(scored.human_estimate).toBeNull();
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

  test('a calibration gives scores and limits on its scale, and is refused for another model', async () => {
    const models = JSON.parse((await run(['models'])).out);
    const [{ name, sha256 }] = models.packages;
    const calibration: Calibration = {
      format: 1,
      kind: 'calibration',
      app: '',
      createdAt: '2026-01-02T03:04:05Z',
      model: { name, sha256 },
      table: 'mos.csv',
      scores: [1, 5],
      opinions: [0, 100],
      map: { kind: 'isotonic', x: [1, 5], y: [0, 100] },
      heldOut: { folds: 5, n: 60, rmse: 1, rmseInterval: [1, 1], rawRmse: 2, gain: 1, gainInterval: [1, 1] },
    };
    const path = join(folder, 'calibration.json');
    writeFileSync(path, JSON.stringify(calibration));
    const { status, out } = await run(['score', sample, '--calibration', path, '--min', '99']);
    const [row] = rowsIn<Scored & { failed: object[] }>(out);
    expect(status).toBe(1);
    expect(row!.calibrated).toBeCloseTo(25 * (row!.score! - 1), 3);
    expect(row!.failed).toEqual([{ gate: 'min', limit: 99 }]);

    writeFileSync(path, JSON.stringify({ ...calibration, model: { name, sha256: 'a'.repeat(64) } }));
    const other = await run(['score', sample, '--calibration', path]);
    expect(other).toMatchObject({ status: 2, out: '', error: expect.stringContaining('another model') });
  });

  test('what cannot run here is named with status 4', async () => {
    expect(await run(['score', sample, '--device', 'cuda'])).toMatchObject({
      status: 4,
      error: expect.stringContaining('cuda'),
    });
    const absent = join(folder, 'no model');
    mkdirSync(absent);
    expect(await run(['score', sample, '-m', absent])).toMatchObject({ status: 4, out: '' });
  });

  test('a wrong call has status 2 and names its fault', async () => {
    expect(await run(['score', 'absent.mp4'])).toMatchObject({
      status: 2,
      error: expect.stringContaining('There is no file or folder absent.mp4'),
    });
  });

  describe('the Model Context Protocol', () => {
    const client = new Client({ name: 'test', version: '1' });
    beforeAll(async () => {
      const args = [command, 'mcp', '--root', join(root, 'public')];
      await client.connect(
        new StdioClientTransport({
          command: process.execPath,
          args,
          env: environment as Record<string, string>,
        }),
      );
    });
    afterAll(() => client.close());
    const call = async (name: string, args: Record<string, unknown>) => {
      const result = await client.callTool({ name, arguments: args });
      const [content] = result.content as { text: string }[];
      return {
        isError: result.isError === true,
        text: content!.text,
        data: result.structuredContent as never,
      };
    };

    test('its own client lists the tools', async () => {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual(['compare', 'explain', 'score']);
      for (const { annotations, description } of tools) {
        expect(annotations).toMatchObject({ readOnlyHint: true });
        expect(description!.length).toBeGreaterThan(40);
      }
    });

    test('a client of the protocol of 2025 is answered too, and only the protocol is on standard output', async () => {
      const child = spawn(process.execPath, [command, 'mcp'], {
        env: environment,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      let out = '';
      child.stdout.on('data', (chunk) => {
        out += String(chunk);
      });
      const send = (message: object) =>
        child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
      const clientInfo = { name: 'test', version: '1' };
      const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
      send({ id: 1, method: 'initialize', params });
      send({ method: 'notifications/initialized' });
      send({ id: 2, method: 'tools/list' });
      await expect.poll(() => out.split('\n').length - 1).toBe(2);
      const answers = rowsIn<{ id: number; result: { protocolVersion?: string; tools?: object[] } }>(out);
      expect(answers.find(({ id }) => id === 1)!.result.protocolVersion).toBe('2025-06-18');
      expect(answers.find(({ id }) => id === 2)!.result.tools).toHaveLength(3);
      const ended = new Promise((done) => child.once('exit', done));
      child.stdin.end();
      expect(await ended).toBe(0);
    });

    test('and calls them: score, explain, compare', async () => {
      const outside = join(folder, 'text.mp4');
      writeFileSync(outside, 'no video\n');
      const scored = await call('score', { paths: [sample, outside, join(root, 'public', 'absent.mp4')] });
      const { rows } = scored.data as { rows: Row[] };
      expect(rows.map((row) => (isScored(row) ? row.path : row.error.code))).toEqual([
        sample,
        'command/outside',
        'command/file',
      ]);
      const explained = (await call('explain', { path: sample })).data as {
        score: number;
        text: string;
        scale: string;
      };
      expect(explained.score).toBe((rows[0] as Scored).score);
      expect(explained.text.length).toBeGreaterThan(20);
      expect(explained.scale).toContain('Scores run from');
      const compared = (await call('compare', { a: sample, b: sample, answers: 1 })).data as {
        a: Scored;
        full_reference: { summary: { pairs: number; identical: number } };
      };
      expect(compared.a.score).toBe(explained.score);
      const { pairs, identical } = compared.full_reference.summary;
      expect({ pairs, identical }).toEqual({ pairs: 150, identical: 150 });
    });

    test('a fault is an answer in words, and the next call works', async () => {
      const refused = await call('explain', { path: join(folder, 'text.mp4') });
      expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('outside') });
      expect((await call('score', { paths: [sample] })).isError).toBe(false);
    });
  });
});

/** Codes of the page for files of the inputs that it does not read (e2e/media, workers/media); every other one has a score. */
const REFUSED: Readonly<Record<string, string>> = {
  'bright-small.y4m': 'media/format',
  'expired-link-utf16.mp4': 'media/web-page',
  'git-lfs-pointer.mp4': 'media/pointer',
  'mkv-subtitles-only.mkv': 'media/no-video',
  'reference-movie.mov': 'media/external',
  'segment-without-init.m4s': 'media/segment',
  'sixteen-million-samples.mp4': 'media/index',
  'sound-with-cover-as-track.mp4': 'media/cover',
  'vp9.ivf': 'media/format',
};

const inputs = join(shared, 'inputs');

describe.skipIf(!hasDecoder() || !existsSync(inputs))('odd inputs (skipped without VQA_SHARED)', () => {
  test('each has its score or the page’s code, the others go on, status 3', async () => {
    const files = readdirSync(inputs).filter((name) => /\.(mp4|mov|mkv|webm|ts|m4s|y4m|ivf)$/.test(name));
    const { status, out, error } = await run(['score', ...files.map((name) => join(inputs, name)), '-q']);
    expect({ status, error }).toEqual({ status: 3, error: '' });
    const rows = rowsIn<Row>(out);
    expect(rows).toHaveLength(files.length);
    const refused = rows.filter((row): row is Unreadable => !isScored(row));
    expect(Object.fromEntries(refused.map((row) => [basename(row.path), row.error.code]).sort())).toEqual(
      REFUSED,
    );
    for (const row of refused) {
      const text = errorMessage(CodedError.fromData(row.error));
      expect(text).not.toMatch(/undefined|NaN/);
      expect(text.length).toBeGreaterThan(30);
    }
    for (const row of rows)
      if (isScored(row)) expect([row.path, row.score]).toEqual([row.path, expect.any(Number)]);
  });
});
