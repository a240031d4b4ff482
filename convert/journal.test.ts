import { describe, expect, it } from 'vitest';
import { graphLine, headLine, readJournal } from './journal.ts';

const file = (path: string) => ({ path, bytes: 3, sha256: 'ab' });
const graphs = [[file('a.onnx'), file('a.onnx_data')], [file('b.onnx')]];
const text = headLine('key') + graphs.map(graphLine).join('');

describe('journal', () => {
  it('gives back what was finished', () => {
    expect(readJournal(text, 'key')).toEqual(graphs);
  });

  it('is of no use to another conversion', () => {
    expect(readJournal(text, 'other')).toBeNull();
    expect(readJournal('', 'key')).toBeNull();
    expect(readJournal('not JSON\n', 'key')).toBeNull();
  });

  it('holds whole lines only, wherever it was cut', () => {
    for (let end = 0; end < text.length; end++) {
      const lines = text.slice(0, end).split('\n').length - 1;
      const expected = lines === 0 ? null : graphs.slice(0, lines - 1);
      expect([end, readJournal(text.slice(0, end), 'key')]).toEqual([end, expected]);
    }
  });
});
