import fc from 'fast-check';
import { expect, test } from 'vitest';
import { officialGrade, readChoice } from './multiple-choice.ts';

const options = ['Motion blur', 'Noise', 'Block effect', 'Overexposure'];
const read = (text: string) => readChoice(text, options);

test('a letter first, alone or with marks, or the text of one option', () => {
  for (const text of [
    'B',
    'b',
    'B.',
    '(B)',
    '**B**',
    '"B"',
    'B. Noise',
    'b) noise',
    'Answer: B',
    'The correct answer is B.',
    'Noise',
    ' noise.',
    'Ｂ',
    'B</s>',
    'B<|im_end|>',
  ])
    expect(read(text), text).toBe(1);
});

test('two letters, a word, an article, a letter without an option and nothing are no choice', () => {
  for (const text of [
    'A or B',
    'A, B',
    'AB',
    'Both A and B',
    'Because of noise',
    'a blurred frame',
    'E',
    '',
    '  ',
    '</s>',
    'I see noise',
    '…',
  ])
    expect(read(text), text).toBeNull();
});

test('the official grade looks at one character', () => {
  expect(officialGrade('Because', 'B')).toBe(true);
  expect(officialGrade('(B)', 'B')).toBe(false);
  expect(officialGrade('  ', 'B')).toBeNull();
});

test('any text gives an option or null', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string(), { maxLength: 5 }), (text, list) => {
      const choice = readChoice(text, list);
      expect(choice === null || (choice >= 0 && choice < list.length)).toBe(true);
    }),
  );
});
