import { describe, expect, it } from 'vitest';
import { trainingEn } from './en.ts';
import { trainingZh } from './zh.ts';

type Text = readonly [path: string, text: string];

/** Every text, functions called with numbers, or with a list where they want one. */
function texts(messages: object, path = ''): Text[] {
  return Object.entries(messages).flatMap(([key, value]): Text[] => {
    const at = `${path}.${key}`;
    if (typeof value === 'string') return [[at, value]];
    if (typeof value !== 'function') return texts(value as object, at);
    const lists = /\.(line|compared)$/.test(at)
      ? [['a', 'b']]
      : at === '.charts.at'
        ? ['300', ['a', 'b']]
        : null;
    return [[at, String(value(...(lists ?? Array.from({ length: value.length }, (_, i) => 3 + i))))]];
  });
}

describe('messages of the Training page', () => {
  it('have the same keys and kinds in both languages', () => {
    const shape = (messages: object): unknown =>
      Object.fromEntries(
        Object.entries(messages).map(([key, value]) => [
          key,
          typeof value === 'object' ? shape(value) : typeof value,
        ]),
      );
    expect(shape(trainingZh)).toEqual(shape(trainingEn));
  });
  it.each([trainingEn, trainingZh])('say something, in the tone of the page', (messages) => {
    for (const [path, text] of texts(messages)) {
      expect([path, text.length > 0]).toEqual([path, true]);
      expect([path, text]).not.toEqual([path, expect.stringMatching(/undefined|NaN|\[object/)]);
      expect([path, text]).not.toEqual([path, expect.stringMatching(/[!！]|oops|please|\bAI\b/i)]);
    }
  });
  it('type no space between Han and Latin, and leave no English sentence in Chinese', () => {
    for (const [path, text] of texts(trainingZh)) {
      const bare = text.replaceAll(' · ', '').replaceAll(' × ', '').replaceAll('**', '');
      expect([path, bare]).not.toEqual([
        path,
        expect.stringMatching(/\p{Script=Han} [A-Za-z0-9]|[A-Za-z0-9] \p{Script=Han}/u),
      ]);
      expect([path, text]).not.toEqual([path, expect.stringMatching(/[a-z]{2,} [a-z]{2,} [a-z]{2,}/)]);
    }
  });
  it('write times as people say them', () => {
    expect([3.12, 42, 2460, 7800, 273_600].map(trainingEn.duration)).toEqual([
      '3.1\u202fs',
      '42\u202fs',
      '41\u202fmin',
      '2\u202fh 10\u202fmin',
      '3\u202fd 4\u202fh',
    ]);
    expect([3.12, 7800].map(trainingZh.duration)).toEqual(['3.1秒', '2小时10分钟']);
  });
});
