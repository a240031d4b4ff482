import { describe, expect, it } from 'vitest';
import { timelineEn } from './en.ts';
import { timelineZh } from './zh.ts';

/** Every text, functions called with numbers. */
function texts(messages: object, path = ''): [path: string, text: string][] {
  return Object.entries(messages).flatMap(([key, value]): [string, string][] => {
    const at = `${path}.${key}`;
    if (typeof value === 'string') return [[at, value]];
    if (typeof value !== 'function') return texts(value as object, at);
    return [[at, String(value(...Array.from({ length: value.length }, (_, i) => 3 + i)))]];
  });
}

describe('words of quality over time', () => {
  it('have the same keys and kinds in both languages', () => {
    const kinds = (messages: object): unknown =>
      Object.entries(messages).map(([key, value]) => [
        key,
        typeof value === 'object' ? kinds(value) : typeof value,
      ]);
    expect(kinds(timelineZh)).toEqual(kinds(timelineEn));
  });
  it.each([timelineEn, timelineZh])('say something, in the tone of the page', (messages) => {
    for (const [path, text] of texts(messages)) {
      expect([path, text]).not.toEqual([path, expect.stringMatching(/^$|undefined|NaN|\[object/)]);
      expect([path, text]).not.toEqual([path, expect.stringMatching(/[!！]|oops|please|\bAI\b/i)]);
    }
  });
  it('type no space between Han and Latin, and leave no English sentence in Chinese', () => {
    for (const [path, text] of texts(timelineZh)) {
      expect([path, text]).not.toEqual([
        path,
        expect.stringMatching(/\p{Script=Han} [A-Za-z0-9]|[A-Za-z0-9] \p{Script=Han}/u),
      ]);
      expect([path, text]).not.toEqual([path, expect.stringMatching(/[a-z]{2,} [a-z]{2,} [a-z]{2,}/)]);
    }
  });
});
