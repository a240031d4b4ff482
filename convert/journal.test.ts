import { describe, expect, it } from 'vitest';
import { borneOut, graphLine, headLine, journalText, readJournal, recordLine } from './journal.ts';

const file = (path: string) => ({ path, bytes: 3, sha256: 'ab' });
const graphs = [[file('a.onnx'), file('a.onnx_data')], [file('b.onnx')]];
const text = headLine('key') + graphs.map(graphLine).join('');

describe('journal', () => {
  it('gives back what was finished, and what was recorded of other files', () => {
    const lines = [recordLine('a.onnx', 2), text, recordLine('c.onnx', 5), recordLine('c.onnx', 9)];
    const all = headLine('key') + lines.join('').replace(headLine('key'), '');
    const journal = readJournal(all, 'key');
    expect(journal).toEqual({ graphs, recorded: new Map([['c.onnx', 9]]) });
    expect(readJournal(journalText('key', journal!), 'key')).toEqual(journal);
  });

  it('is of no use to another conversion', () => {
    expect(readJournal(text, 'other')).toBeNull();
    expect(readJournal('', 'key')).toBeNull();
    expect(readJournal('not JSON\n', 'key')).toBeNull();
  });

  it('holds whole lines only, wherever it was cut', () => {
    for (let end = 0; end < text.length; end++) {
      const lines = text.slice(0, end).split('\n').length - 1;
      const expected = lines === 0 ? undefined : graphs.slice(0, lines - 1);
      expect([end, readJournal(text.slice(0, end), 'key')?.graphs]).toEqual([end, expected]);
    }
  });

  it('is believed where the lengths of the files bear it out', async () => {
    const journal = {
      graphs,
      recorded: new Map([
        ['c.onnx', 9],
        ['d.onnx', 1],
      ]),
    };
    const sizes = new Map([
      ['a.onnx', 3],
      ['a.onnx_data', 2],
      ['b.onnx', 3],
      ['c.onnx', 10],
    ]);
    expect(await borneOut(journal, async (path) => sizes.get(path) ?? null)).toEqual({
      graphs: [graphs[1]],
      recorded: new Map([['c.onnx', 9]]),
    });
  });
});
