import { expect, test, vi } from 'vitest';
import { printable, say, sayText } from './output.ts';

test('what a terminal would obey is shown escaped', () => {
  expect(printable('a\u001b]0;title\u0007b')).toBe('a\\u{1b}]0;title\\u{7}b');
  expect(printable('\u009b2J')).toBe('\\u{9b}2J');
  expect(printable('clip\u202egpj.mp4')).toBe('clip\\u{202e}gpj.mp4');
  expect(printable('夜.mp4, 3\u202fs, é, 🎬')).toBe('夜.mp4, 3\u202fs, é, 🎬');
});

test('a line feed in a name adds no line; one of the program does', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  say('clip\nfake: all is well');
  expect(write.mock.calls).toEqual([['clip\\u{a}fake: all is well\n']]);
  write.mockClear();
  sayText('one\ntwo');
  expect(write.mock.calls).toEqual([['one\n'], ['two\n']]);
  write.mockRestore();
});
