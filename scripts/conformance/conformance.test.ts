import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { contentsOf } from './folder.ts';
import { summary } from './line.ts';
import { readPng } from './png.ts';
import { readLine, runTool } from './tool.ts';

const golden = `${process.env.VQA_SHARED ?? '../shared'}/golden`;
const temporary = mkdtempSync(join(tmpdir(), 'conformance-'));
afterAll(() => rmSync(temporary, { recursive: true }));

let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(temporary, String(count++));
  mkdirSync(join(folder, 'rules'), { recursive: true });
});

/** Exit status and output of the whole command on the folder of this test. */
function run(): Promise<{ status: number; output: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), folder], (error, output) =>
      done({ status: error ? Number(error.code) : 0, output }),
    );
  });
}

const line = { stage: 'clip', cases: 2, error: 1e-6, limit: 1e-5, ok: true, misses: [] };

describe.skipIf(!existsSync(golden))('the command', () => {
  test('an intact file passes; what is absent and what no check reads is named', async () => {
    copyFileSync(join(golden, 'rules', 'levels.json'), join(folder, 'rules', 'levels.json'));
    writeFileSync(join(folder, 'rules', 'weather.json'), '{}');
    const { status, output } = await run();
    expect(output).toMatch(/^ok {4}rules {8}rules\/levels\.json +166 cases/m);
    expect(output).toContain('absent    rewards.json');
    expect(output).toContain('extra     rules/weather.json');
    expect(status).toBe(0);
  });

  test('a corrupted copy is a MISS that names the case, and the status is 1', async () => {
    const file = JSON.parse(readFileSync(join(golden, 'rules', 'levels.json'), 'utf8'));
    file.cases[4].score_paper += 1e-9;
    writeFileSync(join(folder, 'rules', 'levels.json'), JSON.stringify(file));
    copyFileSync(join(golden, 'rules', 'frames.json'), join(folder, 'rules', 'frames.json'));
    const { status, output } = await run();
    expect(output).toMatch(/^MISS {2}rules {8}rules\/levels\.json/m);
    expect(output).toContain(`${file.cases[4].id} score: `);
    expect(output).toMatch(/^ok {4}rules {8}rules\/frames\.json/m);
    expect(status).toBe(1);
  });

  test('a file of another shape, half a file and an empty list of cases are misses, not crashes', async () => {
    writeFileSync(join(folder, 'rules', 'levels.json'), '{"cases": [{"id": "s1"}]}');
    writeFileSync(join(folder, 'rules', 'frames.json'), '{"cases": [');
    writeFileSync(join(folder, 'rules', 'metrics.json'), '{"cases": []}');
    const { status, output } = await run();
    expect(output.match(/^MISS {2}rules/gm)).toHaveLength(3);
    expect(output).toContain('no case in it');
    expect(status).toBe(1);
  });
});

test('an empty folder proves nothing', async () => {
  expect(await run()).toMatchObject({ status: 1, output: expect.stringContaining('nothing in this folder') });
});

test('checkpoints are found wherever they lie, with weights whole or in shards', () => {
  for (const [name, weights] of [
    ['one', 'model.safetensors'],
    ['deep/two', 'model.safetensors.index.json'],
  ] as const) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'config.json'), '{}');
    writeFileSync(join(folder, name, weights), '');
  }
  mkdirSync(join(folder, 'bare'));
  writeFileSync(join(folder, 'bare', 'config.json'), '{}');
  const { checkpoints, extra } = contentsOf(folder);
  expect(checkpoints).toEqual([join(folder, 'deep/two'), join(folder, 'one')]);
  expect(extra).toEqual(['bare/config.json']);
});

describe('stages in other processes', () => {
  const tool = (code: string) => ({
    stage: 'torch',
    subject: 'tiny',
    command: process.execPath,
    args: ['-e', code],
    cwd: '.',
  });
  const say = (object: object) => `console.log(${JSON.stringify(JSON.stringify(object))});`;

  test('lines are grouped by file; one bad tensor makes its file a miss by name', async () => {
    const code = say({ ...line, name: 'a' }) + say({ ...line, name: 'b', error: 1, ok: false });
    const [clip, ...rest] = await runTool(tool(code), false);
    expect(rest).toEqual([]);
    expect(clip).toMatchObject({ name: 'tiny clip', cases: 4, error: 1, ok: false });
    expect(clip!.misses).toEqual(['b: error 1, limit 0.00001']);
  });

  test('a tool that says nothing, fails, or cannot be started is a miss', async () => {
    const [silent] = await runTool(tool(''), false);
    expect(silent).toMatchObject({ ok: false });
    const stopped = await runTool(
      tool(`${say({ ...line, name: 'a' })} console.error('out of memory'); process.exitCode = 3`),
      false,
    );
    expect(stopped.map(({ ok }) => ok)).toEqual([true, false]);
    expect(stopped[1]!.misses[0]).toContain('out of memory');
    const [absent] = await runTool({ ...tool(''), command: 'no-such-command' }, false);
    expect(absent!.misses[0]).toContain('ENOENT');
  });

  test('anything but a line of the contract is passed over; no figure is no pass', () => {
    expect(readLine('Loading …')).toBeNull();
    expect(readLine('{"level": 3}')).toBeNull();
    expect(readLine('{"name": "a", "error": null, "ok": false}')!.misses).toEqual(['could not be compared']);
  });
});

test('of several comparisons the one nearest to its limit is shown', () => {
  const lines = [
    { ...line, name: 'a', error: 1e-3, limit: 1 },
    { ...line, name: 'b', error: 9e-6, limit: 1e-5 },
  ];
  expect(summary('torch', 'clip', lines)).toMatchObject({ error: 9e-6, limit: 1e-5, cases: 4, ok: true });
});

test('PNG: the five filters, alpha dropped, other files refused', () => {
  const rows = [
    [0, 10, 20, 30, 255, 1, 2, 3, 255],
    [1, 10, 20, 30, 255, 1, 1, 1, 0],
    [2, 1, 1, 1, 0, 1, 1, 1, 0],
    [3, 5, 5, 5, 0, 0, 0, 0, 0],
    [4, 1, 0, 0, 0, 0, 0, 1, 0],
  ];
  const { width, height, data } = readPng(png(2, rows.length, 6, Uint8Array.from(rows.flat())));
  expect([width, height, data.length]).toEqual([2, 5, 30]);
  expect([...data.subarray(6, 12)]).toEqual([10, 20, 30, 11, 21, 31]);
  expect([...data.subarray(12, 18)]).toEqual([11, 21, 31, 12, 22, 32]);
  expect([...data.subarray(18, 24)]).toEqual([10, 15, 20, 11, 18, 26]);
  expect([...data.subarray(24, 30)]).toEqual([11, 15, 20, 11, 18, 27]);
  expect(() => readPng(Buffer.from('GIF89a, certainly'))).toThrow('not a PNG');
});

function png(width: number, height: number, colour: number, rows: Uint8Array): Buffer {
  const chunk = (type: string, body: Uint8Array) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, Buffer.from(type, 'latin1'), body, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colour, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}
