import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { pairsByTime } from '../node/compare-files.ts';
import { isScored, type Row, type Scored, type Unreadable } from '../node/rows.ts';
import { UsageError } from './arguments.ts';
import { compareArguments, vmafColumn } from './compare.ts';
import { listFiles } from './files.ts';
import { worstFirst, writerOf } from './formats.ts';
import { failedGates } from './gates.ts';
import { merge } from './merge.ts';
import { scoreArguments } from './options.ts';
import { earlierRows, RowsFile, resumableRows } from './rows-file.ts';
import { isComplete } from './score.ts';

const temporary = mkdtempSync(join(tmpdir(), 'command-'));
afterAll(() => rmSync(temporary, { recursive: true }));
let folder = '';
let count = 0;
beforeEach(() => {
  folder = join(temporary, String(count++));
  mkdirSync(folder);
});

const scored = (path: string, score: number | null, more: Partial<Scored> = {}): Scored => ({
  path,
  score,
  scale: [1, 5],
  band: score === null ? null : Math.round(score),
  text: '<think>Mild blur.</think><answer>2.50</answer>',
  distortions: ['blur'],
  frame_indices: [0, 5],
  per_frame_scores: [],
  video: { codec: 'H.264 High', width: 640, height: 360, fps: 25, frames: 50, duration: 2 },
  substituted: 0,
  notices: [],
  model: { name: 'small', sha256: 'ab' },
  ms: 1200,
  ...more,
});
const unreadable = (path: string): Unreadable => ({
  path,
  error: { code: 'media/damaged', params: {}, message: 'damaged' },
});

describe('arguments', () => {
  test('the defaults', () => {
    expect(scoreArguments(['a.mp4'])).toMatchObject({
      paths: ['a.mp4'],
      format: null,
      device: 'auto',
      every: 0,
      strict: false,
      text: true,
    });
  });

  test.each([
    [[]],
    [['a', '--min', 'x']],
    [['a', '--min', '']],
    [['a', '--jobs', '0']],
    [['a', '--jobs', '1.5']],
    [['a', '--format', 'xml']],
    [['a', '--shard', '0/3']],
    [['a', '--shard', '4/3']],
    [['a', '--max-drop', '0.2']],
    [['a', '--resume']],
    [['a', '--resume', '-o', 'x', '-f', 'csv']],
    [['a', '--worst', '3', '--resume', '-o', 'x']],
    [['a', '--nothing']],
    [['a', '--text', '--no-text']],
    [['a', '--device', 'tpu']],
  ])('%j is refused in words', (args) => {
    expect(() => scoreArguments(args)).toThrow(UsageError);
  });
});

describe('files', () => {
  const none = { recursive: false, shard: null, stdin: () => '' };
  beforeEach(() => {
    mkdirSync(join(folder, 'in'));
    for (const name of ['b.mp4', 'a.MKV', 'notes.md', 'in/c.webm']) writeFileSync(join(folder, name), '');
  });

  test('a folder gives its videos, sorted; deeper ones only when asked', () => {
    const names = (recursive: boolean) =>
      listFiles([folder], { ...none, recursive }).map((path) => path.slice(folder.length + 1));
    expect(names(false)).toEqual(['a.MKV', 'b.mp4']);
    expect(names(true)).toEqual(['a.MKV', 'b.mp4', 'in/c.webm']);
  });

  test('a link to a video counts, a broken one does not', () => {
    symlinkSync(join(folder, 'b.mp4'), join(folder, 'link.mp4'));
    symlinkSync(join(folder, 'absent.mp4'), join(folder, 'broken.mp4'));
    expect(listFiles([folder], none).map((path) => basename(path))).toEqual(['a.MKV', 'b.mp4', 'link.mp4']);
  });

  test('a named file is taken whatever its name, each once; lists, patterns and standard input', () => {
    const list = join(folder, 'list.txt');
    writeFileSync(list, `${join(folder, 'b.mp4')}\r\n# a comment\n\n${join(folder, 'notes.md')}\n`);
    expect(listFiles([list, join(folder, 'b.mp4')], none)).toHaveLength(2);
    expect(listFiles([join(folder, '*.mp4')], none)).toEqual([join(folder, 'b.mp4')]);
    expect(listFiles(['-'], { ...none, stdin: () => 'x.mp4\n' })).toEqual(['x.mp4']);
    expect(() => listFiles([join(folder, 'absent.mp4')], none)).toThrow('There is no file or folder');
  });

  test('the shards of a list are the list', () => {
    const names = Array.from({ length: 11 }, (_, k) => `${k}.mp4`);
    const stdin = () => names.join('\n');
    const shards = [1, 2, 3].map((of) => listFiles(['-'], { ...none, stdin, shard: { of, parts: 3 } }));
    expect(shards.map(({ length }) => length)).toEqual([4, 4, 3]);
    expect(shards.flat().toSorted()).toEqual(names.toSorted());
  });
});

test('limits and formats are on the scale of a calibration, where there is one', () => {
  const row = scored('a.mp4', 2, { calibrated: 71.25 });
  expect(failedGates(row, { min: 60, maxDrop: 10 }, 81)).toEqual([]);
  expect(failedGates(row, { min: 72, maxDrop: 9 }, 81)).toHaveLength(2);
  expect(failedGates({ ...row, calibrated: null }, { min: 60, maxDrop: null }, null)).toHaveLength(1);
  const text = (format: 'text' | 'csv' | 'junit') => {
    const writer = writerOf(format, { text: true });
    return writer.head + writer.row(row) + writer.foot([row]);
  };
  expect(text('text')).toContain('71.25  a.mp4  (model 2.00)');
  expect(text('csv')).toContain('a.mp4,2,2,71.25,');
  expect(text('junit')).toContain('score 71.25');
});

test('a log of libvmaf stands beside the pairs of frames', () => {
  const path = join(folder, 'vmaf.csv');
  writeFileSync(path, 'Frame,vmaf\n0,90\n1,80\n2,10\n');
  expect(vmafColumn(path, 2)).toEqual({ mean: 85, lowest: { index: 1, value: 80 }, frames: [90, 80] });
  expect(vmafColumn(path, 4).frames).toEqual([90, 80, 10, null]);
  expect(() => vmafColumn(join(folder, 'absent'), 2)).toThrow(UsageError);
});

describe('gates', () => {
  const gates = { min: 3, maxDrop: 0.2 };
  test('at the limit passes, below fails', () => {
    expect(failedGates({ score: 3 }, gates, 3.2)).toEqual([]);
    expect(failedGates({ score: 2.99 }, gates, 3.2).map(({ gate }) => gate)).toEqual(['min', 'max-drop']);
    expect(failedGates({ score: 3.5 }, gates, 3.71)).toEqual([
      { gate: 'max-drop', limit: 0.2, reference: 3.71 },
    ]);
  });

  test('a file without a score passes none', () => {
    expect(failedGates({ score: null }, gates, 3)).toHaveLength(2);
  });
});

describe('formats', () => {
  const rows: Row[] = [
    { ...scored('a<b>&"1".mp4', 2.5), failed: [{ gate: 'min', limit: 3 }] },
    scored('c.mp4', 4),
    unreadable('d\u001b[31m.mp4'),
  ];
  const written = (format: 'text' | 'json' | 'jsonl' | 'csv' | 'junit', text = true) => {
    const writer = writerOf(format, { text });
    return writer.head + rows.map((row) => writer.row(row)).join('') + writer.foot(rows);
  };

  test('JUnit counts failures and errors and escapes names', () => {
    const xml = written('junit');
    expect(xml).toContain('tests="3" failures="1" errors="1"');
    expect(xml).toContain('name="a&lt;b&gt;&amp;&quot;1&quot;.mp4"');
    expect(xml).toContain('<failure type="min" message="score 2.50, below 3"/>');
    expect(xml).toContain('<error type="media/damaged"');
    expect(xml).not.toContain('\u001b');
  });

  test('JSON lines and JSON hold the same rows; the text can be left out', () => {
    const lines = written('jsonl').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(written('json')));
    expect(written('jsonl', false)).not.toContain('Mild blur');
  });

  test('CSV has one line a file', () => {
    const lines = written('csv').trimEnd().split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toContain('"a<b>&""1"".mp4",2.5,');
    expect(lines[3]).toContain('media/damaged');
  });

  test('text names what failed and sends no control character to the terminal', () => {
    const text = written('text');
    expect(text).toContain('below 3');
    expect(text).toContain('2 scored, mean 3.25; 1 did not pass; 1 could not be read');
    expect(text).not.toContain('\u001b');
  });

  test('the worst scores first, those without a score last', () => {
    const all = [scored('good', 4), scored('none', null), unreadable('error'), scored('bad', 1)];
    expect(worstFirst(all, 3).map(({ path }) => path)).toEqual(['bad', 'good', 'none']);
  });
});

describe('resuming', () => {
  test('whole lines are taken, a line that was cut is not', () => {
    const path = join(folder, 'out.jsonl');
    const whole = `${JSON.stringify(scored('a', 2))}\n${JSON.stringify(unreadable('b'))}\n`;
    writeFileSync(path, `${whole}{"path":"c","sco`);
    expect(earlierRows(path).map((row) => row.path)).toEqual(['a', 'b']);
  });

  test('a killed run at any byte loses at most the line that was cut', () => {
    const path = join(folder, 'out.jsonl');
    const text = ['ä', 'b', 'c'].map((name) => `${JSON.stringify(scored(name, 2))}\n`).join('');
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at += 7) {
      writeFileSync(path, bytes.subarray(0, at));
      const whole = bytes.subarray(0, at).filter((byte) => byte === 10).length;
      expect(earlierRows(path)).toHaveLength(whole);
    }
  });

  test('rows of another model and unreadable files are done again', () => {
    const rows: Row[] = [
      scored('a', 2),
      scored('b', 2, { model: { name: 'x', sha256: 'cd' } }),
      unreadable('c'),
    ];
    expect(resumableRows(rows, { name: 'small', sha256: 'ab' }).map(({ path }) => path)).toEqual(['a']);
  });

  test('a row without what is asked for now is done again', () => {
    const plain = scored('a', 2);
    const parts = scored('a', 2, { scores: [2], times: [[0, 5]] });
    expect(isComplete(plain, { every: 0, people: false })).toBe(true);
    expect(isComplete(plain, { every: 5, people: false })).toBe(false);
    expect(isComplete(parts, { every: 5, people: false })).toBe(true);
    expect(isComplete(parts, { every: 5, people: true })).toBe(false);
    expect(isComplete(scored('a', 2, { human_estimate: null }), { every: 0, people: true })).toBe(true);
    expect(isComplete(unreadable('a'), { every: 0, people: false })).toBe(false);
  });

  test('the file holds the earlier rows, then the new ones', () => {
    const path = join(folder, 'out.jsonl');
    writeFileSync(path, 'an older and longer output that is replaced\n');
    const before = openSync(path, 'r');
    const file = new RowsFile(path, 'earlier\n');
    file.write('new\n');
    file.close();
    expect(readFileSync(path, 'utf8')).toBe('earlier\nnew\n');
    // It took the place of the old one, which was never cut.
    expect(readFileSync(before, 'utf8')).toBe('an older and longer output that is replaced\n');
    closeSync(before);
  });
});

test('shards are joined, and a scored row wins over an error', () => {
  const [a, b] = ['a.jsonl', 'b.jsonl'].map((name) => join(folder, name)) as [string, string];
  writeFileSync(a, `${JSON.stringify(scored('2', 2))}\n${JSON.stringify(unreadable('1'))}\n`);
  writeFileSync(b, `${JSON.stringify(scored('1', 3))}\n`);
  const written: string[] = [];
  const write = process.stdout.write;
  process.stdout.write = ((text: string) => written.push(text) > 0) as typeof write;
  try {
    expect(merge([a, b])).toBe(0);
  } finally {
    process.stdout.write = write;
  }
  const rows = written.map((line) => JSON.parse(line) as Row);
  expect(rows.map(({ path }) => path)).toEqual(['1', '2']);
  expect(rows.every(isScored)).toBe(true);
  expect(() => merge([join(folder, 'absent')])).toThrow(UsageError);
});

describe('two videos', () => {
  const times = (frames: number, fps: number) => Array.from({ length: frames }, (_, k) => k / fps);

  test('equal rates pair frame by frame, up to the end of the shorter one', () => {
    const { a, b } = pairsByTime(times(5, 25), times(7, 25));
    expect([...a]).toEqual([0, 1, 2, 3, 4]);
    expect([...b]).toEqual([0, 1, 2, 3, 4]);
  });

  test('half the rate pairs with every second frame', () => {
    const { a, b } = pairsByTime(times(4, 15), times(8, 30));
    expect([...a]).toEqual([0, 1, 2, 3]);
    expect([...b]).toEqual([0, 2, 4, 6]);
  });

  test('a longer slow clip stops where the fast one ends', () => {
    const { a, b } = pairsByTime(times(10, 25), times(5, 25));
    expect(a).toHaveLength(5);
    expect([...b]).toEqual([0, 1, 2, 3, 4]);
  });

  test.each([[['a']], [['a', 'b', 'c']], [['a', 'b', '-f', 'csv']], [['a', 'b', '-k', '0']]])(
    '%j is refused',
    (args) => {
      expect(() => compareArguments(args)).toThrow(UsageError);
    },
  );
});
