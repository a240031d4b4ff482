/**
 * Grades of multiple-choice answers: the official rule, which looks at one character, and ours, which reads the letter.
 * Held to the official code by golden-vqa2/rules/qbench.json: change only with it.
 */
import { strip } from '../text/python-text.ts';

/** The answer as the official scripts store it: stripped, one trailing `</s>` removed, stripped again. */
export function storedAnswer(decoded: string): string {
  const text = strip(decoded);
  return strip(text.endsWith('</s>') ? text.slice(0, -'</s>'.length) : text);
}

/**
 * The official grade: the first character equals the letter, so that "Because" is B and "a" is wrong.
 *
 * @returns null for an empty answer, where the official script ends
 */
export function officialGrade(decoded: string, letter: string): boolean | null {
  const stored = storedAnswer(decoded);
  return stored === '' ? null : [...stored][0] === letter;
}

const frame = String.raw`[\s"'“”‘’*_(\[{<（]*`;
const lead = String.raw`(?:(?:the\s+)?(?:correct\s+|right\s+)?(?:answer|option|choice)(?:\s+is)?\s*:?\s*${frame})?`;
const letterFirst = new RegExp(`^${frame}${lead}([A-Z])(?![\\p{L}\\p{N}])`, 'iu');

/**
 * The option that an answer names, or null where it names none or more than one: a letter first ("B", "(b).", "Answer:
 * B"), or the text of one option.
 *
 * @returns index into `options`
 */
export function readChoice(decoded: string, options: readonly string[]): number | null {
  const text = storedAnswer(decoded).normalize('NFKC').replaceAll('<|im_end|>', '');
  const plain = (value: string) =>
    value
      .normalize('NFKC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
  const same = options.flatMap((option, k) =>
    plain(option) !== '' && plain(option) === plain(text) ? [k] : [],
  );
  if (same.length === 1) return same[0]!;
  const match = letterFirst.exec(text);
  if (match === null) return null;
  const index = match[1]!.toUpperCase().charCodeAt(0) - 65;
  if (index >= options.length) return null;
  const rest = text.slice(match[0].length);
  // "a blurred frame" begins with an article; "A or B" names two.
  if (match[1] === match[1]!.toLowerCase() && /^\s+\p{L}/u.test(rest)) return null;
  if (/^[\s,/&]*(?:or|and)?[\s,/&]*[A-Z](?![\p{L}\p{N}'’])/u.test(rest) && !/^[.):：]/.test(rest))
    return null;
  return index;
}
