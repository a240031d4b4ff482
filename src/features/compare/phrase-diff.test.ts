import { describe, expect, it } from 'vitest';
import { comparedPhrases, phrasesOf } from './phrase-diff.ts';

const cut = (text: string) => phrasesOf(text).map(({ start, end }) => text.slice(start, end));
const differing = (text: string, other: string | null) =>
  comparedPhrases(text, other)
    .filter(({ differs }) => differs)
    .map(({ pieces }) => pieces.map((piece) => piece.text).join(''));

describe('phrases', () => {
  it('end at commas and stops, and lose nothing', () => {
    const text = 'Edges are clear, motion is smooth. I would say 3.8, or so';
    expect(cut(text)).toEqual(['Edges are clear, ', 'motion is smooth. ', 'I would say 3.8, ', 'or so']);
    expect(cut('画面清晰，动作流畅。得3.8分')).toEqual(['画面清晰，', '动作流畅。', '得3.8分']);
    expect(cut('')).toEqual([]);
  });
  it('differ when the other side does not say them, in whatever order', () => {
    const a = 'Edges are clear, and motion is smooth. I would say 3.8.';
    const b = 'Motion is smooth, edges are clear. The order jumps. I would say 3.2.';
    expect(differing(a, b)).toEqual(['I would say 3.8.']);
    expect(differing(b, a)).toEqual(['The order jumps. ', 'I would say 3.2.']);
    expect(differing(a, a)).toEqual([]);
    expect(differing(a, null)).toEqual([]);
  });
  it('keep the text whole and mark the distortions in it', () => {
    const text = 'There is motion blur, but no flicker. Fine.';
    const phrases = comparedPhrases(text, '');
    expect(phrases.flatMap(({ pieces }) => pieces.map((piece) => piece.text)).join('')).toBe(text);
    const marks = phrases.flatMap(({ pieces }) => pieces.filter(({ mark }) => mark !== null));
    expect(marks.map(({ text, mark }) => [text, mark])).toEqual([
      ['motion blur', 'found'],
      ['flicker', 'ruled-out'],
    ]);
  });
});
