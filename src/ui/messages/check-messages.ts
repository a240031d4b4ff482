/** Checks that hold for the texts of every room: same shape in both languages, the tone, Chinese typography. */
import { describe, expect, it } from 'vitest';

/** Every text of a language, functions called with plausible arguments. */
export function texts(messages: object, path = ''): [path: string, text: string][] {
  return Object.entries(messages).flatMap(([key, value]): [string, string][] => {
    const at = `${path}.${key}`;
    if (typeof value === 'string') return [[at, value]];
    if (typeof value === 'function') return [[at, String(value(...argumentsOf(value, at)))]];
    return texts(value as object, at);
  });
}

function argumentsOf(f: (...args: never[]) => unknown, at: string): unknown[] {
  if (at.startsWith('.units.and') || at.startsWith('.units.list') || at.startsWith('.units.facts'))
    return [['a', 'b']];
  if (at.endsWith('.severalSubstituted')) return [3, 4, [5, 6]];
  return Array.from({ length: f.length }, (_, i) => 3 + i);
}

/** Keys and kinds of the texts. */
const shape = (messages: object): unknown =>
  Object.fromEntries(
    Object.entries(messages).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.length : typeof value === 'object' ? shape(value) : typeof value,
    ]),
  );

export function checkMessages(room: string, en: object, zh: object): void {
  describe(`texts of ${room}`, () => {
    it('have the same keys and kinds in both languages', () => expect(shape(zh)).toEqual(shape(en)));
    it.each([
      ['en', en],
      ['zh', zh],
    ])('are filled in and keep the tone: %s', (_, messages) => {
      for (const [path, text] of texts(messages)) {
        expect([path, text]).not.toEqual([path, expect.stringMatching(/^$|undefined|NaN|\[object/)]);
        expect([path, text]).not.toEqual([path, expect.stringMatching(/[!！]|oops|please|\bAI\b/i)]);
      }
    });
    it('type no space between Han and Latin: that is the style sheet’s', () => {
      for (const [path, text] of texts(zh)) {
        // A multiplication sign, a middle dot or a file name keeps its own spaces.
        const bare = text.replaceAll(' · ', '').replaceAll(' × ', '');
        expect([path, bare]).not.toEqual([
          path,
          expect.stringMatching(/\p{Script=Han} [A-Za-z0-9]|[A-Za-z0-9] \p{Script=Han}/u),
        ]);
      }
    });
    it('leave no English sentence in Chinese', () => {
      for (const [path, text] of texts(zh))
        expect([path, text]).not.toEqual([path, expect.stringMatching(/[a-z]{2,} [a-z]{2,} [a-z]{2,}/)]);
    });
  });
}
