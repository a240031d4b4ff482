import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readScoreTable } from './score-table.ts';

const shared = process.env.VQA_SHARED ?? join(import.meta.dirname, '..', '..', '..', 'shared');

const pairs = (text: string) => readScoreTable(text).rows.map(({ path, mos }) => [path, mos]);

describe('score tables', () => {
  test('a table with a header, columns in any order', () => {
    expect(pairs('mos,name\r\n71.2,a.mp4\r\n\r\n3,"b, c.mp4"\r\n')).toEqual([
      ['a.mp4', 71.2],
      ['b, c.mp4', 3],
    ]);
  });
  test('DOVER and FAST-VQA: path, duration, frame rate, MOS', () => {
    expect(pairs('a.mp4, 8.3, 29.97, 0.61\nb.mp4, 8, 25, .5')).toEqual([
      ['a.mp4', 0.61],
      ['b.mp4', 0.5],
    ]);
  });
  test('tabs and a byte order mark', () => {
    expect(pairs('\uFEFFpath\tmos\na.mp4\t4')).toEqual([['a.mp4', 4]]);
  });
  test('annotations of a benchmark: scores are strings and stay as written', () => {
    const text = JSON.stringify({ annotations: [{ image_id: '1.mp4', ann_type: 'score', score: '3.100' }] });
    expect(readScoreTable(text).rows).toMatchObject([{ path: '1.mp4', mos: 3.1, written: '3.100' }]);
  });
  test('the released JSONL, one line or many', () => {
    const line = (id: number, value: unknown) =>
      JSON.stringify({ id, image: [`${id}.mp4`], conversations: [{ from: 'gpt', value }] });
    expect(pairs(line(1, 3.5))).toEqual([['1.mp4', 3.5]]);
    expect(pairs(`${line(1, '3.5')}\n${line(2, '<think>x</think> <answer>2</answer>')}`)).toEqual([
      ['1.mp4', 3.5],
      ['2.mp4', 2],
    ]);
  });
  test.each(['distortions', 'faults'])('severities of generated clips, under the key %s', (key) => {
    const row = { id: 1, image: ['1.mp4'], conversations: [{ from: 'gpt', value: 3 }], [key]: { blur: 0.5 } };
    expect(readScoreTable(JSON.stringify(row)).rows).toMatchObject([{ targets: { blur: 0.5 } }]);
  });
  test('what is no number is named with its line, the rest is read', () => {
    const { rows, faults } = readScoreTable('path,mos\na.mp4,3\nb.mp4,n/a\nc.mp4,0x10\nd.mp4,');
    expect(rows.map(({ line }) => line)).toEqual([2]);
    expect(faults).toEqual([
      { line: 3, fault: { kind: 'number', value: 'n/a' } },
      { line: 4, fault: { kind: 'number', value: '0x10' } },
      { line: 5, fault: { kind: 'number', value: '' } },
    ]);
  });
  test('a first line that is no header is a row, though its score is none', () => {
    const { rows, faults } = readScoreTable('a.mp4,n/a\nb.mp4,3\nc.mp4,4');
    expect(rows).toHaveLength(2);
    expect(faults).toEqual([{ line: 1, fault: { kind: 'number', value: 'n/a' } }]);
  });
  test('what is no table at all is one fault', () => {
    expect(readScoreTable('hello\nworld').faults).toEqual([{ line: 0, fault: { kind: 'no-columns' } }]);
    expect(readScoreTable('{"a": 1}').faults).toMatchObject([{ line: 0 }]);
    expect(readScoreTable(' \n').faults).toEqual([{ line: 0, fault: { kind: 'empty' } }]);
  });
  test('any table survives quoting', () => {
    const cell = fc
      .string({ minLength: 1, maxLength: 20 })
      .filter((s) => s.trim() === s && !/[\r\n]/.test(s));
    const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e3, max: 1e3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, number), { minLength: 1, maxLength: 20 }), (rows) => {
        const lines = rows.map(([name, mos]) => `"${name.replaceAll('"', '""')}",${mos}`);
        expect(pairs(['path,mos', ...lines].join('\n'))).toEqual(
          rows.map(([name, mos]) => [name, Number(String(mos))]),
        );
      }),
    );
  });
});

describe('separators, quotes and line ends', () => {
  const expected = [
    ['a.mp4', 3.52],
    ['b.mp4', 2.1],
  ];
  test.each([
    ['semicolons', 'path;mos\na.mp4;3.52\nb.mp4;2.1'],
    ['semicolons and decimal commas', 'path;mos\na.mp4;3,52\nb.mp4;2,1'],
    ['semicolons and decimal commas without a header', 'a.mp4;3,52\nb.mp4;2,1'],
    ['the line of Excel', 'sep=;\r\npath;mos\r\na.mp4;3,52\r\nb.mp4;2,1\r\n'],
    ['bars', 'path|mos\na.mp4|3.52\nb.mp4|2.1'],
    ['bars without a header', 'a.mp4|3.52\nb.mp4|2.1'],
    ['tabs without a header', 'a.mp4\t3,52\nb.mp4\t2,1'],
    ['spaces', 'a.mp4  3.52\nb.mp4  2.1'],
    ['decimal commas in quotes', 'path,mos\na.mp4,"3,52"\nb.mp4,"2,1"'],
    ['carriage returns alone', 'path,mos\ra.mp4,3.52\rb.mp4,2.1\r'],
    ['empty columns of a spreadsheet', 'path;mos;;\na.mp4;3,52;;\nb.mp4;2,1;;\n;;;\n'],
    ['tags with semicolons', 'path,tags,mos\na.mp4,blur;noise,3.52\nb.mp4,blur;dark,2.1'],
    ['a comment over lines', 'video,comment,mos\n"a.mp4","fine,\nthen ""soft""",3.52\nb.mp4,ok,2.1'],
  ])('%s', (_, text) => {
    const { rows, faults } = readScoreTable(text);
    expect(faults).toEqual([]);
    expect(rows.map(({ path, mos }) => [path, mos])).toEqual(expected);
  });
  test('a quote without its end costs its line; lines are counted through quoted line breaks', () => {
    const { rows, faults } = readScoreTable(
      'path,comment,mos\na.mp4,"x\ny",3\n"open,z,2\n"b.mp4",z,n/a\nc.mp4,z,4',
    );
    expect(rows.map(({ path, line }) => [path, line])).toEqual([
      ['a.mp4', 2],
      ['c.mp4', 6],
    ]);
    expect(faults).toEqual([
      { line: 4, fault: { kind: 'quote' } },
      { line: 5, fault: { kind: 'number', value: 'n/a' } },
    ]);
  });
  test('a decimal comma is exported with a point', () => {
    expect(readScoreTable('path;mos\na.mp4;3,50').rows[0]?.written).toBe('3.50');
  });
});

/** Rows by a rule: `row(i)` are the cells of line i. */
const lines = (row: (i: number) => readonly (string | number)[], n = 12) =>
  Array.from({ length: n }, (_, i) => row(i).join(',')).join('\n');
const spread = (i: number, low: number, high: number) =>
  (low + ((i * 7) % 12) * ((high - low) / 11)).toFixed(2);

describe('the column of the MOS', () => {
  test.each([
    [
      'KoNViD-1k: id, MOS, rate',
      lines((i) => [`${3e9 + i * 7}`, spread(i, 1.2, 4.6), [0.97, 0.77][i % 2]!]),
      1,
    ],
    ['MOS, then its deviation', lines((i) => [`v${i}.mp4`, spread(i, 1.2, 4.6), spread(i + 3, 0.4, 0.9)]), 1],
    [
      'a deviation, then the MOS',
      lines((i) => [`v${i}.mp4`, spread(i + 3, 0.4, 1.1), spread(i, 1.2, 4.6)]),
      2,
    ],
    ['0–100 and its deviation', lines((i) => [`v${i}.mp4`, spread(i, 21, 88), spread(i + 3, 8, 20)]), 1],
    ['votes over a hundred', lines((i) => [`v${i}.mp4`, 114 + i, spread(i, 1.2, 4.6)]), 2],
    ['frame rates', lines((i) => [`v${i}.mp4`, spread(i, 1.2, 4.6), [24, 25, 29.97, 30][i % 4]!]), 1],
    ['row numbers', lines((i) => [i, `v${i}.mp4`, spread(i, 21, 88)]), 2],
    ['a bit rate', lines((i) => [`v${i}.mp4`, (1200.5 + 91 * i).toFixed(1), spread(i, 41, 62)]), 2],
    ['a size', lines((i) => [`v${i}.mp4`, 1920, 1080, spread(i, 21, 88)]), 3],
  ])('%s', (_, text, column) => {
    expect(readScoreTable(text)).toMatchObject({ mos: column, sure: true, faults: [] });
  });
  test.each([
    ['few votes', lines((i) => [`v${i}.mp4`, spread(i, 1.2, 4.6), 18 + (i % 5)]), 1],
    ['seconds', lines((i) => [`v${i}.mp4`, spread(i, 1.2, 4.6), spread(i + 5, 5, 12)]), 1],
    ['two scales', lines((i) => [`v${i}.mp4`, spread(i, 21, 88), spread(i, 1.3, 4.4)]), 2],
  ])('%s beside it could be it as well, and the table says so', (_, text, column) => {
    expect(readScoreTable(text)).toMatchObject({ mos: column, sure: false });
  });
  test('all columns of numbers can be chosen, with their ranges', () => {
    const text = 'a.mp4,3.5,.4\nb.mp4,2.1,.7';
    expect(readScoreTable(text).columns).toEqual([
      { index: 1, name: null, low: 2.1, high: 3.5 },
      { index: 2, name: null, low: 0.4, high: 0.7 },
    ]);
    expect(readScoreTable(text, 2)).toMatchObject({ mos: 2, sure: true, rows: [{ mos: 0.4 }, { mos: 0.7 }] });
  });
  test.each([
    ['flickr_id,mos', 'x,3'],
    ['Video Name,MOS (0-100)', 'x,3'],
    ['filename,mos_std,MOS_5', 'x,0.2,3'],
    ['id,std,votes,Mean Opinion Score', 'x,.2,20,3'],
    ['filename,pred_score,gt_score', 'x,1,3'],
    ['stimulus,Q_std,Q_mean', 'x,.3,3'],
    ['视频,评分', 'x,3'],
    ['video_name,video_variance,video_score', 'x,.3,3'],
    ['File_name,Realignment MOS,mos_ci_low,mos_var', 'x,3,2.7,.1'],
    ['# rated in 2019\n#path,mos', 'x,3'],
    ['dmos,file,mos', '60,x,3'],
  ])('header %s', (header, line) => {
    expect(pairs(`${header}\n${line}`)).toEqual([['x', 3]]);
  });
  test('several kinds of MOS: the first, and the table says so', () => {
    expect(readScoreTable('vid,MOSFull,MOSChunk00\nx,3,2\ny,4,2.5')).toMatchObject({ mos: 1, sure: false });
  });
  test('a header without a MOS names the columns; difference scores are no MOS', () => {
    expect(readScoreTable('path,width,height\na.mp4,1920,1080').faults).toEqual([
      { line: 0, fault: { kind: 'no-mos', columns: 'path, width, height' } },
    ]);
    const dmos = readScoreTable('path,DMOS\na.mp4,52.1\nb.mp4,60');
    expect(dmos.faults).toEqual([{ line: 0, fault: { kind: 'difference', column: 'DMOS' } }]);
    expect(readScoreTable('path,DMOS\na.mp4,52.1\nb.mp4,60', 1).rows).toHaveLength(2);
  });
});

describe('JSON', () => {
  const expected = [
    ['a.mp4', 3.5],
    ['b.mp4', 2],
  ];
  const gpt = (image: string, value: unknown) => ({
    id: image,
    image: [image],
    conversations: [{ from: 'gpt', value }],
  });
  test.each([
    ['files and scores', { 'a.mp4': 3.5, 'b.mp4': '2' }],
    ['files and objects', { 'a.mp4': { mos: 3.5, std: 0.4 }, 'b.mp4': { mos: 2, std: 0.1 } }],
    [
      'objects',
      [
        { video: 'a.mp4', mos: 3.5 },
        { mos: 2, video: 'b.mp4' },
      ],
    ],
    [
      'pairs',
      [
        ['a.mp4', 3.5],
        ['b.mp4', 2],
      ],
    ],
    [
      'a list in an object',
      {
        version: 1,
        videos: [
          { name: 'a.mp4', score: '3.5' },
          { name: 'b.mp4', score: 2 },
        ],
      },
    ],
    ['rows of the released form in an array', [gpt('a.mp4', 3.5), gpt('b.mp4', '2')]],
  ])('%s', (_, value) => {
    expect(pairs(JSON.stringify(value))).toEqual(expected);
    expect(pairs(JSON.stringify(value, null, 1))).toEqual(expected);
  });
  test('objects of a line each', () => {
    expect(pairs('{"video": "a.mp4", "mos": 3.5}\n{"video": "b.mp4", "mos": 2}\n')).toEqual(expected);
  });
  test.each([
    ['ms-swift', { messages: [], videos: ['a.mp4'] }],
    ['TRL', { prompt: 'x', video: 'a.mp4', solution: 'good' }],
    ['TRL', { prompt: 'x', videos: ['a.mp4', 'b.mp4'], solution: '3' }],
    ['ms-swift', { query: 'x', videos: ['a.mp4'], response: '<answer>3</answer> <answer>4</answer>' }],
    ['LLaVA-Video', { video: 'a.mp4', conversations: [] }],
  ])('%s without one video and one score is named once', (form, row) => {
    const line = JSON.stringify(row);
    const fault = { line: 0, fault: expect.objectContaining({ kind: 'form', form }) };
    expect(readScoreTable(`${line}\n${line}\n`).faults).toEqual([fault]);
    expect(readScoreTable(`[${line}, ${line}]`).faults).toEqual([fault]);
  });
  test.each<[string, object]>([
    [
      'ms-swift, messages',
      {
        messages: [
          { role: 'user', content: '<video>Rate.' },
          { role: 'assistant', content: '<think>sharp</think> <answer>3.5</answer>' },
        ],
        videos: ['a.mp4'],
      },
    ],
    ['ms-swift, GRPO', { messages: [{ role: 'user', content: 'Rate.' }], videos: ['a.mp4'], solution: 3.5 }],
    ['ms-swift, query', { query: 'Rate.', response: '3.5', videos: ['a.mp4'] }],
    ['TRL, solution', { prompt: 'Rate.', video: 'a.mp4', solution: '<answer> 3.5 </answer>' }],
    [
      'TRL, conversation',
      {
        prompt: [{ role: 'user', content: [{ type: 'video' }, { type: 'text', text: 'Rate.' }] }],
        completion: [{ role: 'assistant', content: [{ type: 'text', text: '<answer>3.5</answer>' }] }],
        videos: ['a.mp4'],
      },
    ],
    ['LLaVA-Video', { id: 1, video: 'a.mp4', conversations: [{ from: 'gpt', value: '3.5' }] }],
    ['R1-V', { problem: 'Rate.', path: 'a.mp4', solution: '<answer>3.5</answer>' }],
  ])('rows of %s are read', (_, row) => {
    const line = JSON.stringify(row);
    expect(pairs(`${line}\n${line.replace('a.mp4', 'b.mp4')}\n`)).toEqual([
      ['a.mp4', 3.5],
      ['b.mp4', 3.5],
    ]);
  });
  test('logs of VMAF are no human scores', () => {
    const vmaf = [{ line: 0, fault: { kind: 'vmaf' } }];
    const json = { version: '2.3', frames: [{ frameNum: 0, metrics: { vmaf: 90 } }], pooled_metrics: {} };
    expect(readScoreTable(JSON.stringify(json, null, 2)).faults).toEqual(vmaf);
    expect(readScoreTable('<VMAF version="2.3"><frames/></VMAF>').faults).toEqual(vmaf);
    expect(readScoreTable('Frame,integer_adm2,integer_vif_scale0,vmaf\n0,1,.9,95\n1,1,.8,90').faults).toEqual(
      vmaf,
    );
  });
});

describe.skipIf(!existsSync(join(shared, 'inputs', 'tables')))('recorded tables', () => {
  const read = (name: string) => readScoreTable(readFileSync(join(shared, 'inputs', name), 'utf8'));
  test.each([
    ['headerless-id-mos-rate.csv', 6, [1.22, 4.5]],
    ['headerless-mos-then-std.csv', 6, [1.25, 4.33]],
    ['good-table.csv', 3, [1.9, 3.1]],
    ['tables/path-mos-semicolon-header.csv', 6, [1.25, 4.33]],
    ['tables/excel-sep-line.csv', 6, [1.25, 4.33]],
    ['tables/konvid-style-flickr_id.csv', 3, [2.64, 3.56]],
    ['tables/quoted-newline-in-comment.csv', 3, [2.75, 4.33]],
    ['tables/mos-0-100-duplicates.csv', 6, [12, 88]],
    ['jsonl/llava-array-not-jsonl.jsonl', 6, [1.25, 4.33]],
    ['jsonl/all-labels-equal.jsonl', 6, [3, 3]],
  ])('%s', (name, n, range) => {
    const { rows, faults } = read(name);
    const scores = rows.map(({ mos }) => mos);
    expect([faults, rows.length, Math.min(...scores), Math.max(...scores)]).toEqual([[], n, ...range]);
  });
  test('rows of TRL are read', () => {
    const { rows, faults } = read('jsonl/trl-prompt-solution.jsonl');
    expect(faults).toEqual([]);
    expect(rows[0]).toMatchObject({ mos: 3.52, text: '<answer> 3.52 </answer>' });
  });
});
