import { expect, test } from 'vitest';
import { findings, findingsOf } from './glossary.ts';

/** Rooms whose words have not been renamed yet; the list only gets shorter. */
const PENDING: readonly string[] = [];

/** Words that are data and no names: keys of earlier formats, a published prompt, a list of English words, zsh’s variables. */
const DATA = [
  'command/cli/completion.ts: words',
  'core/answer/lexicon.ts: found',
  'core/answer/prompts.ts: judge',
  'core/files/earlier-formats.ts: dialect',
  'core/files/earlier-formats.test.ts: dialect',
  'core/files/earlier-formats.test.ts: figures',
  'core/files/earlier-formats.test.ts: places',
  'core/sampling/profiles.test.ts: places',
  'core/training/run.test.ts: figures',
];

test('the glossary’s forbidden words stand nowhere (node scripts/glossary.ts)', () => {
  const pending = (path: string) => PENDING.some((room) => path === room || path.startsWith(`${room}/`));
  const isData = (path: string, word: string) => DATA.includes(`${path}: ${word.split(' in ')[0]}`);
  const list = findings().filter(({ path, word }) => !pending(path) && !isData(path, word));
  expect(list.map(({ path, line, word, use }) => `${path}:${line}: ${word} (use ${use})`)).toEqual([]);
});

test('a forbidden word is found in names and prose, and not in strings or foreign names', () => {
  const words = (path: string, text: string) => findingsOf(path, text).map(({ word }) => word);
  expect(words('a.ts', 'const goldenPlaces = 1;')).toEqual(['places in goldenPlaces']);
  expect(words('a.py', 'def judges_of(x): ...')).toEqual(['judges in judges_of']);
  expect(words('standby.ts', '')).toEqual(['standby']);
  expect(words('a.ts', "const a = 'the kept one'; Object.hasOwn(a, 'b'); const placeholder = 2;")).toEqual(
    [],
  );
  expect(words('a.md', 'A damaged copy is drawn.')).toEqual(['damaged copy']);
  expect(words('a.ts', '/** Whether it is so. */')).toEqual(['/** Whether it is so. */']);
});
