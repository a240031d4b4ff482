import { describe, expect, it } from 'vitest';
import { compareEn } from './en.ts';
import { compareZh } from './zh.ts';

/** Every text, functions called with plausible numbers. */
function texts(messages: object, path = ''): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]): [string, string][] => {
    const at = `${path}.${key}`;
    if (typeof value === 'string') return [[at, value]];
    if (typeof value !== 'function') return texts(value as object, at);
    const given = Array.from({ length: value.length }, (_, i) => 3 + i);
    return [[at, String((value as (...numbers: number[]) => string)(...given))]];
  });
}

describe('the messages of the Compare page', () => {
  it('have the same keys in both languages', () => {
    const keys = (messages: object) => texts(messages).map(([path]) => path);
    expect(keys(compareZh)).toEqual(keys(compareEn));
  });
  it('say something, and keep to the tone', () => {
    for (const messages of [compareEn, compareZh])
      for (const [path, text] of texts(messages)) {
        expect([path, text.trim().length > 0]).toEqual([path, true]);
        expect([path, text]).not.toEqual([
          path,
          expect.stringMatching(/undefined|NaN|\[object|[!！]|oops|please|\bAI\b/i),
        ]);
      }
  });
  it('leave no English sentence in Chinese and type no space beside Han', () => {
    for (const [path, text] of texts(compareZh)) {
      const bare = text.replaceAll(' · ', '').replaceAll(' × ', '');
      const wrong = /[a-z]{2,} [a-z]{2,} [a-z]{2,}|\p{Script=Han} [A-Za-z0-9]|[A-Za-z0-9] \p{Script=Han}/u;
      expect([path, bare]).not.toEqual([path, expect.stringMatching(wrong)]);
    }
  });
  it('count positions with ordinals', () => {
    const nth = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map((n) => compareEn.transport.sampledOf(n, 200));
    expect(nth.map((text) => text.split(' ')[0])).toEqual(
      '1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th'.split(' '),
    );
  });
});
