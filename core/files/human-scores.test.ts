import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readScoreTable } from './human-scores.ts';

const pairs = (text: string) => readScoreTable(text).rows.map(({ path, mos }) => [path, mos]);

describe('score tables', () => {
  test('a table with a header, columns in any order', () => {
    expect(pairs('mos,name\r\n71.2,a.mp4\r\n\r\n3,"b, c.mp4"\r\n')).toEqual([
      ['a.mp4', 71.2],
      ['b, c.mp4', 3],
    ]);
  });
  test('without a header the first and the last column', () => {
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
      { line: 3, problem: '"n/a" is no number' },
      { line: 4, problem: '"0x10" is no number' },
      { line: 5, problem: '"" is no number' },
    ]);
  });
  test('what is no table at all is one fault', () => {
    expect(readScoreTable('hello\nworld').faults).toHaveLength(1);
    expect(readScoreTable('{"a": 1}').faults).toMatchObject([{ line: 0 }]);
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
