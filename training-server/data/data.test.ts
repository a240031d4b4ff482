import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { sourceSchema } from '../../core/training/recipe-data.ts';
import { type LoadedSource, loadSource, openRoots, type Roots, validateSources } from './api.ts';
import { LONGEST_LINE } from './lines.ts';

const top = mkdtempSync(join(tmpdir(), 'data-'));
const root = join(top, 'root');
let roots: Roots;

const put = (name: string, content: string | Uint8Array) => writeFileSync(join(root, name), content);
const load = (source: Record<string, unknown>, probe?: Parameters<typeof loadSource>[2]) =>
  loadSource(
    { name: 's', source: sourceSchema.parse({ root: 'videos', labels: 'asWritten', ...source }) },
    roots,
    probe,
  );
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing thrown',
    (error: unknown) => (error instanceof CodedError ? { code: error.code, ...error.params } : String(error)),
  );

beforeAll(async () => {
  mkdirSync(join(root, 'videos', 'yfcc-batch1'), { recursive: true });
  mkdirSync(join(top, 'root-old'));
  for (const name of ['a.mp4', 'b.mp4', 'yfcc-batch1/747.mp4', 'with, comma.mp4'])
    put(`videos/${name}`, name);
  writeFileSync(join(top, 'secret.mp4'), 'secret');
  put('beside.mp4', 'within the root, not in the folder');
  writeFileSync(join(top, 'root-old', 'x.mp4'), 'x');
  symlinkSync(join(top, 'secret.mp4'), join(root, 'videos', 'link.mp4'));
  symlinkSync(join(root, 'videos', 'a.mp4'), join(root, 'videos', 'inside.mp4'));
  symlinkSync(top, join(root, 'up'));
  roots = await openRoots([root]);
});

const official = (path: string, value: unknown, id: unknown = 1) =>
  JSON.stringify({
    id,
    dataset_name: 'LSVQ',
    image: [path],
    conversations: [
      { from: 'human', value: '<image>\nRate it.' },
      { from: 'gpt', value },
    ],
  });

describe('the released JSONL', () => {
  it('reads labels as they stand, numbers and numerals', async () => {
    put('train.jsonl', `${official('a.mp4', 3.418571)}\r\n\n${official('b.mp4', '2.611842', 'two')}`);
    const { items, report, errors } = await load({ kind: 'jsonl', file: 'train.jsonl' });
    expect(errors).toEqual([]);
    expect(items.map(({ id, mos, source }) => [id, mos, source])).toEqual([
      ['1', 3.418571, 's'],
      ['two', 2.611842, 's'],
    ]);
    expect(items[0]!.path).toBe(join(roots.folders[0]!, 'videos', 'a.mp4'));
    expect(report.labels).toEqual([2.611842, 3.418571]);
  });

  it('keeps a written answer and takes the label out of its answer block', async () => {
    const text = '<think>Sharp, then blocks.</think> <answer>2.5</answer>';
    put('sft.jsonl', official('a.mp4', text));
    const { items } = await load({ kind: 'jsonl', file: 'sft.jsonl' });
    expect(items).toMatchObject([{ mos: 2.5, text }]);
  });

  it('maps folders by data set; a row of an unmapped one counts as missing', async () => {
    put('two.jsonl', `${official('a.mp4', 3)}\n${official('b.mp4', 3, 2).replace('LSVQ', 'Other')}`);
    const { items, report, warnings } = await load({
      kind: 'jsonl',
      file: 'two.jsonl',
      root: { LSVQ: 'videos' },
    });
    expect([items.length, report.missing]).toEqual([1, ['b.mp4']]);
    expect(warnings).toMatchObject([{ code: 'train/missing', params: { source: 's', count: 1 } }]);
  });

  it.each([
    ['no JSON', '{"id": 1', 'is not JSON'],
    ['a number for an object', '7', 'expected object'],
    ['an id of another type', official('a.mp4', 3, { $gt: '' }), 'id'],
    ['a list of images', official('a.mp4', 3).replace('["a.mp4"]', '["a.mp4","b.mp4"]'), 'image'],
    ['words for a score', official('a.mp4', 'good'), 'neither a number nor one answer block'],
    ['two answers', official('a.mp4', '<answer>1</answer><answer>2</answer>'), 'neither a number'],
    ['hexadecimal', official('a.mp4', '0x3'), 'neither a number'],
    ['infinity', official('a.mp4', 'Infinity'), 'neither a number'],
    ['nobody answers', official('a.mp4', 3).replace('gpt', 'cat'), 'there is no turn of'],
  ])('names the line of %s', async (_, line, problem) => {
    put('bad.jsonl', `${official('b.mp4', 2)}\n${line}\n`);
    const { errors, items } = await load({ kind: 'jsonl', file: 'bad.jsonl' });
    expect(errors).toMatchObject([{ code: 'train/data', params: { file: 'bad.jsonl', line: 2 } }]);
    expect(errors[0]!.params.problem).toContain(problem);
    expect(items).toHaveLength(1);
  });

  it('stops after twenty faults of a file that is something else', async () => {
    put('else.jsonl', 'x\n'.repeat(10_000));
    expect((await load({ kind: 'jsonl', file: 'else.jsonl' })).errors).toHaveLength(20);
  });

  it.each([
    ['an array', '[\n{"id": 1}\n]', 'is a JSON array'],
    ['an array on one line', JSON.stringify([{ id: 1 }]), 'is a JSON array'],
    [
      'a document over lines',
      JSON.stringify(JSON.parse(official('a.mp4', 3)), null, 1),
      'over several lines',
    ],
    [
      'TRL',
      '{"prompt": "x", "video": "a.mp4", "solution": "good"}\n'.repeat(6),
      'form of TRL (prompt, video, solution)',
    ],
    ['ms-swift', '{"messages": [], "videos": ["a.mp4"]}\n'.repeat(6), 'form of ms-swift (messages, videos)'],
    ['LLaVA-Video', '{"id": 1, "video": "a.mp4", "conversations": []}\n'.repeat(6), 'form of LLaVA-Video'],
  ])('%s is named once', async (_, text, problem) => {
    put('form.jsonl', text);
    expect(await codeOf(load({ kind: 'jsonl', file: 'form.jsonl' }))).toMatchObject({
      code: 'train/data',
      line: 0,
      problem: expect.stringContaining(problem),
    });
  });

  it('rows of other tools are read with their written answers', async () => {
    const swift = (file: string, score: string) =>
      JSON.stringify({
        messages: [{ role: 'assistant', content: `<think>x</think> <answer>${score}</answer>` }],
        videos: [file],
      });
    put('swift.jsonl', `${swift('a.mp4', '3.5')}\n${swift('b.mp4', '2')}\n`);
    const { items, errors } = await load({ kind: 'jsonl', file: 'swift.jsonl' });
    expect(errors).toEqual([]);
    expect(items.map(({ id, mos, text }) => [id, mos, text])).toEqual([
      ['a.mp4', 3.5, '<think>x</think> <answer>3.5</answer>'],
      ['b.mp4', 2, '<think>x</think> <answer>2</answer>'],
    ]);
  });

  it('so many missing videos that the folder is probably wrong refuse the start', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `far${i}.mp4,${1 + (i % 4)}\n`);
    for (let i = 0; i < 29; i++) put(`videos/far${i}.mp4`, 'x');
    put('far.csv', names.join(''));
    const code = async (given: object) =>
      (await load({ kind: 'csv', file: 'far.csv', ...given })).errors.map(({ code, params }) => [
        code,
        params,
      ]);
    expect(await code({})).toEqual([
      ['train/mostly-missing', { source: 's', count: 11, of: 40, first: 'far29.mp4', most: 10 }],
    ]);
    expect(await code({ maxMissing: 0.3 })).toEqual([]);
    put('videos/far29.mp4', 'x'); // ten are few
    expect(await code({})).toEqual([]);
  });

  it('labels without any spread are a warning before anything starts', async () => {
    put('equal.jsonl', `${official('a.mp4', 3)}\n${official('b.mp4', '3.0', 2)}`);
    expect((await load({ kind: 'jsonl', file: 'equal.jsonl' })).warnings).toMatchObject([
      { code: 'train/equal-labels', params: { source: 's', count: 2, value: 3 } },
    ]);
  });

  it('a label outside the scale is an error before anything starts', async () => {
    put('range.jsonl', `${official('b.mp4', 3)}\n${official('a.mp4', 68.37, 2)}`);
    const { errors } = await load({ kind: 'jsonl', file: 'range.jsonl' });
    expect(errors).toMatchObject([
      { code: 'train/labels', params: { count: 1, low: 0, high: 5, line: 2, value: 68.37 } },
    ]);
  });
});

describe('files that mean harm', () => {
  it('refuses a line without an end before it is in memory', async () => {
    put('long.jsonl', `${official('a.mp4', 3)}\n"${'x'.repeat(LONGEST_LINE + 100_000)}`);
    expect(await codeOf(load({ kind: 'jsonl', file: 'long.jsonl' }))).toMatchObject({
      code: 'train/data',
      line: 2,
      problem: 'is longer than 1 MiB',
    });
  });

  it('refuses bytes that are not UTF-8, and reads a byte order mark', async () => {
    put('latin.csv', Uint8Array.from([0x61, 0xe9, 0x2c, 0x33, 0x0a]));
    expect(await codeOf(load({ kind: 'csv', file: 'latin.csv' }))).toMatchObject({ problem: 'is not UTF-8' });
    put('bom.csv', '\uFEFFpath,mos\na.mp4,3\n');
    expect((await load({ kind: 'csv', file: 'bom.csv' })).items).toHaveLength(1);
  });

  it('characters cut by the read buffer are whole again', async () => {
    const name = `videos/${'é'.repeat(60)}.mp4`;
    put(name, 'x');
    // Two bytes each: every alignment against the 64 KiB buffer occurs.
    const line = `${name.slice('videos/'.length)},3\n`;
    put('wide.csv', `path,mos\n${line.repeat(2000)}x.mp4,2\n`);
    const { report } = await load({ kind: 'csv', file: 'wide.csv' });
    expect([report.videos, report.duplicates.length, report.missing]).toEqual([1, 1999, ['x.mp4']]);
  });

  it.each([
    ['../../secret.mp4', 'train/outside'],
    ['../beside.mp4', 'train/outside'],
    ['link.mp4', 'train/outside'],
    ['/etc/hostname', 'train/missing'],
    ['a.mp4\0.txt', 'train/missing'],
    ['.', 'train/missing'],
    ['yfcc-batch1', 'train/missing'],
  ])('a row cannot reach %j', async (path, code) => {
    put('out.jsonl', `${official(path, 3)}\n${official('b.mp4', 3, 2)}`);
    const { items, report, warnings } = await load({ kind: 'jsonl', file: 'out.jsonl' });
    expect([items.length, report.missing]).toEqual([1, [path]]);
    expect(warnings).toMatchObject([{ code, params: { source: 's', count: 1, first: path } }]);
  });

  it.each([
    '../secret.mp4',
    join(top, 'secret.mp4'),
    'up/secret.mp4',
    join(top, 'root-old', 'x.mp4'),
    '/etc/passwd',
  ])('the file of a source cannot be %s', async (file) => {
    expect(await codeOf(load({ kind: 'csv', file }))).toEqual({ code: 'train/path', field: file });
  });

  it('says nothing about what exists outside', async () => {
    expect(await codeOf(load({ kind: 'csv', file: '../nowhere.csv' }))).toMatchObject({ code: 'train/path' });
    expect(await codeOf(load({ kind: 'csv', file: 'nowhere.csv' }))).toMatchObject({
      code: 'train/missing-path',
    });
  });

  it('keys of the prototype are plain data', async () => {
    put('proto.jsonl', official('a.mp4', 3).replace('{"id"', '{"__proto__": {"image": ["b.mp4"]}, "id"'));
    const { items } = await load({ kind: 'jsonl', file: 'proto.jsonl', root: { LSVQ: 'videos' } });
    expect(items.map(({ path }) => path.split('/').at(-1))).toEqual(['a.mp4']);
    expect(({} as Record<string, unknown>).image).toBeUndefined();
  });

  it('swapping a folder for a link while a file is opened gains nothing', async () => {
    const folder = join(root, 'swapped');
    const away = join(top, 'swapped-away');
    const outside = join(top, 'outside');
    for (const path of [folder, outside]) mkdirSync(path);
    writeFileSync(join(folder, 'x.csv'), 'inside');
    writeFileSync(join(outside, 'x.csv'), 'secret');
    // From another process, so that a swap falls between any two steps of an opening.
    const attacker = spawn(
      process.execPath,
      [
        '-e',
        `const fs = require('node:fs'); const [folder, away, outside] = process.argv.slice(1);
         const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
         for (;;) {
           fs.renameSync(folder, away); fs.symlinkSync(outside, folder); wait(Math.random() * 0.4);
           fs.unlinkSync(folder); fs.renameSync(away, folder); wait(Math.random() * 0.4);
         }`,
        ...[folder, away, outside],
      ],
      { stdio: 'ignore' },
    );
    const read: string[] = [];
    const end = Date.now() + 20_000;
    for (let opened = 0; opened < 600 && Date.now() < end; ) {
      const handle = await roots.open('swapped/x.csv').catch(() => null);
      if (handle === null) continue;
      opened += 1;
      read.push(await handle.readFile('utf8'));
      await handle.close();
    }
    attacker.kill('SIGKILL');
    expect(read.length).toBeGreaterThan(0);
    expect(new Set(read)).toEqual(new Set(['inside']));
  });

  it('a folder or a pipe is no data file', async () => {
    expect(await codeOf(load({ kind: 'csv', file: 'videos' }))).toMatchObject({ code: 'train/missing-path' });
  });
});

describe('benchmark annotations', () => {
  it('reads scores that are strings, on the scale asked for', async () => {
    put(
      'LSVQ_whole_test_ds_score.json',
      JSON.stringify({
        annotations: [
          { image_id: 'yfcc-batch1/747.mp4', ann_type: 'score', score: '67.75' },
          { image_id: 'a.mp4', ann_type: 'score', score: '78.7741935483871' },
          { image_id: 'b.mp4', ann_type: 'score', score: 'n/a' },
        ],
      }),
    );
    const file = 'LSVQ_whole_test_ds_score.json';
    const scaled = await load({ kind: 'annotations', file, labels: 'mosOver20' });
    expect(scaled.items.map(({ mos }) => mos)).toEqual([3.3875, 3.93871]);
    expect(scaled.errors).toMatchObject([{ params: { file, line: 3 } }]);
    const other = await load({ kind: 'annotations', file, labels: 'rescaled1to5' });
    expect(other.items.map(({ mos }) => mos)).toEqual([3.71, 4.150968]);
  });

  it('is not satisfied with another document', async () => {
    put('other.json', '{"images": []}');
    expect(await codeOf(load({ kind: 'annotations', file: 'other.json' }))).toMatchObject({
      code: 'train/data',
      line: 0,
    });
  });
});

describe('tables', () => {
  it.each([
    ['a header in any order', 'mos,extra,path\n3,x,a.mp4\n2.5,y,b.mp4\n'],
    ['no header', 'a.mp4,3\nb.mp4,2.5\n'],
    ['four columns', 'a.mp4, 8.0, 25, 3\nb.mp4, 8.0, 25, 2.5\n'],
    ['tabs', 'a.mp4\t3\nb.mp4\t2.5\n'],
    ['the released result form', 'filename,pred_score,gt_score\na.mp4,1,3\nb.mp4,1,2.5\n'],
  ])('%s', async (_, text) => {
    put('t.csv', text);
    const { items, errors } = await load({ kind: 'csv', file: 't.csv' });
    expect(errors).toEqual([]);
    expect(items.map(({ id, mos }) => [id, mos])).toEqual([
      ['a.mp4', 3],
      ['b.mp4', 2.5],
    ]);
  });

  it('a column without a header is named; two that could both be the label are refused', async () => {
    put('std.csv', 'a.mp4,3.5,.4\nb.mp4,2.1,.7\n');
    const { items, warnings } = await load({ kind: 'csv', file: 'std.csv' });
    expect(items.map(({ mos }) => mos)).toEqual([3.5, 2.1]);
    expect(warnings).toMatchObject([
      { code: 'train/column', params: { file: 'std.csv', column: 'column 2, 2.1 to 3.5' } },
    ]);
    put('seconds.csv', 'a.mp4,3.5,7.2\nb.mp4,1.1,9.4\n');
    expect(await codeOf(load({ kind: 'csv', file: 'seconds.csv' }))).toMatchObject({
      code: 'train/data',
      line: 0,
      problem: expect.stringContaining('column 2, 1.1 to 3.5; column 3, 7.2 to 9.4'),
    });
  });

  it('semicolons, decimal commas and UTF-16', async () => {
    const text = 'path;mos\r\na.mp4;3,5\r\nb.mp4;2\r\n';
    put('utf16.csv', Buffer.from(`\uFEFF${text}`, 'utf16le'));
    put('semicolon.csv', text);
    for (const file of ['utf16.csv', 'semicolon.csv']) {
      const { items } = await load({ kind: 'csv', file });
      expect(items.map(({ id, mos }) => [id, mos])).toEqual([
        ['a.mp4', 3.5],
        ['b.mp4', 2],
      ]);
    }
  });

  it('reads quoted cells and names bad ones', async () => {
    put('q.csv', 'path,mos\n"with, comma.mp4",3\n"open,2\na.mp4,n/a\n,4\n');
    const { items, errors } = await load({ kind: 'csv', file: 'q.csv' });
    expect(items.map(({ id }) => id)).toEqual(['with, comma.mp4']);
    expect(errors.map(({ params }) => params.line)).toEqual([3, 4, 5]);
  });
});

describe('the report', () => {
  const probe = async (paths: readonly string[]) =>
    paths.map((path) =>
      path.endsWith('b.mp4')
        ? { frames: 0, width: 0, height: 0, fps: 0, error: 'moov atom not result' }
        : { frames: 50, width: 64, height: 64, fps: 25 },
    );

  it('counts unreadable videos, duplicates through links and playing time', async () => {
    put('r.csv', 'a.mp4,3\nb.mp4,2\na.mp4,4\ninside.mp4,1\ngone.mp4,2\n');
    const result: LoadedSource = await load({ kind: 'csv', file: 'r.csv' }, { probe });
    expect(result.report).toEqual({
      name: 's',
      videos: 1,
      missing: ['gone.mp4'],
      unreadable: ['b.mp4: moov atom not result'],
      duplicates: ['a.mp4', 'inside.mp4'],
      leftOut: expect.arrayContaining(['r.csv, line 2: b.mp4: moov atom not result']),
      labels: [3, 3],
      seconds: 2,
    });
    expect(result.warnings.map(({ code }) => code)).toEqual([
      'train/missing',
      'train/unreadable',
      'train/duplicates',
      'train/relabelled',
    ]);
    expect(result.warnings.at(-1)?.params).toEqual({
      source: 's',
      count: 2,
      first: 'a.mp4',
      label: 3,
      again: 4,
    });
  });

  it('stops opening videos when its time is over, and says how many it opened', async () => {
    put('many.csv', Array.from({ length: 100 }, (_, i) => `m${i}.mp4,${1 + (i % 4)}\n`).join(''));
    for (let i = 0; i < 100; i++) put(`videos/m${i}.mp4`, 'x');
    let asked = 0;
    const slowing = async (paths: readonly string[]) => {
      asked += 1;
      if (asked > 1) await new Promise((done) => setTimeout(done, 10_000).unref());
      return probe(paths);
    };
    const given = { kind: 'csv', file: 'many.csv' } as const;
    const { items, report, warnings } = await load(given, { probe: slowing, probeMs: 500 });
    expect([items.length, report.videos, report.seconds]).toEqual([100, 100, null]);
    expect(warnings).toMatchObject([{ code: 'train/opened', params: { opened: 32, of: 100 } }]);
    // A reader that gives up is no fault of the videos; one that cannot be started is one of the machine.
    const failing = (code: string) => () => Promise.reject(new CodedError(code, { index: 0, problem: 'x' }));
    const givenUp = await load(given, { probe: failing('train/frame') });
    expect([givenUp.items.length, givenUp.errors]).toEqual([100, []]);
    expect(givenUp.warnings).toMatchObject([{ code: 'train/opened', params: { opened: 0 } }]);
    await expect(load(given, { probe: failing('train/python') })).rejects.toMatchObject({
      code: 'train/python',
    });
  });

  it('a source with nothing left is an error', async () => {
    put('none.csv', 'gone.mp4,2\n');
    expect((await load({ kind: 'csv', file: 'none.csv' })).errors).toMatchObject([{ code: 'train/empty' }]);
  });

  it('cuts a source into parts that do not meet and do not depend on the machine', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `p${i}.mp4`);
    for (const name of names) put(`videos/${name}`, name);
    put('p.csv', names.map((name) => `${name},3\n`).join(''));
    const ids = async (from: number, to: number, limit?: number) =>
      (await load({ kind: 'csv', file: 'p.csv', part: { seed: 1, from, to }, limit })).items.map(
        ({ id }) => id,
      );
    const [held, rest] = [await ids(0, 0.2), await ids(0.2, 1)];
    expect([held.length, rest.length]).toEqual([4, 16]);
    expect(new Set([...held, ...rest]).size).toBe(20);
    expect(held).toEqual(await ids(0, 0.2));
    expect(await ids(0.2, 1, 3)).toHaveLength(3);
  });

  it('finds held-out videos that training sees, and never throws for one bad source', async () => {
    put('leak.csv', 'a.mp4,3\np1.mp4,2\n');
    put('held.csv', 'a.mp4,3\n');
    const csv = (name: string, file: string) => ({
      name,
      source: sourceSchema.parse({ kind: 'csv', file, root: 'videos', labels: 'asWritten' }),
    });
    const data = await validateSources(
      [
        { role: 'train', ...csv('one', 'leak.csv') },
        { role: 'heldOut', ...csv('two', 'held.csv') },
        { role: 'train', ...csv('three', '../secret.mp4') },
      ],
      roots,
    );
    expect(data.reports.map(({ name, role, videos }) => [name, role, videos])).toEqual([
      ['one', 'train', 2],
      ['two', 'heldOut', 1],
    ]);
    expect(data.errors.map(({ code }) => code)).toEqual(['train/path', 'train/leak']);
  });
});

describe('drawn clips', () => {
  const venv = existsSync(join(import.meta.dirname, '..', '..', '.venv'));

  it.skipIf(!venv)(
    'are made once, by one generator, and read as any other source',
    { timeout: 600_000 },
    async () => {
      const cache = join(top, 'cache');
      const source = sourceSchema.parse({ kind: 'procedural', split: 'test', groups: 1 });
      const counted = await loadSource({ name: 'clips', source }, roots, { cache, draw: false });
      expect([counted.items.length, counted.report.videos, existsSync(cache)]).toEqual([0, 4, false]);
      const both = await Promise.all(
        [1, 2].map(() => loadSource({ name: 'clips', source }, roots, { cache })),
      );
      for (const { items, errors, report } of both) {
        expect(errors).toEqual([]);
        expect(items.map(({ id }) => id)).toEqual(['0', '1', '2', '3']);
        expect(Object.keys(items[1]!.targets!)).toContain('blur');
        expect(items[0]!.text).toMatch(/^<think>.*<\/answer>$/);
        expect(report.labels![1]).toBe(items[0]!.mos);
      }
      const made = statSync(both[0]!.items[0]!.path).mtimeMs;
      await loadSource({ name: 'clips', source }, roots, { cache });
      expect(statSync(both[0]!.items[0]!.path).mtimeMs).toBe(made);
    },
  );
});
