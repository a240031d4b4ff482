/** Phrases of a text that another text does not have, with the distortions named in them. */
import { findDistortions } from '../../../core/answer/lexicon.ts';

export interface TracePiece {
  readonly text: string;
  readonly mark: 'found' | 'ruled-out' | null;
}

export interface Phrase {
  /** Offset in the text, UTF-16 units. */
  readonly start: number;
  readonly pieces: readonly TracePiece[];
  /** True when the other text has no such phrase. */
  readonly differs: boolean;
}

/** A phrase with its white space; it ends at a comma or a stop, but not at a point between digits. */
const PHRASE = /(?:[^.,;:!?。，；：！？]|[.,](?=\d))*(?:[.,;:!?。，；：！？]+["”’)\]]*\s*|$)/gu;

interface Span {
  readonly start: number;
  readonly end: number;
}

export function phrasesOf(text: string): Span[] {
  return [...text.matchAll(PHRASE)]
    .filter(([phrase]) => phrase !== '')
    .map((match) => ({ start: match.index, end: match.index + match[0].length }));
}

/** Key of a phrase: its words without case, punctuation and a leading conjunction. */
function gist(phrase: string): string {
  return phrase
    .toLowerCase()
    .replace(/[^\p{L}\p{N}.]+/gu, ' ')
    .replace(/\.(?!\d)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^(and|but|so|also) /, '');
}

function cut(text: string, { start, end }: Span, marks: readonly (Span & { says: 'found' | 'ruled-out' })[]) {
  const pieces: TracePiece[] = [];
  let at = start;
  for (const mark of marks) {
    if (mark.start < at || mark.end > end) continue;
    if (mark.start > at) pieces.push({ text: text.slice(at, mark.start), mark: null });
    pieces.push({ text: text.slice(mark.start, mark.end), mark: mark.says });
    at = mark.end;
  }
  if (at < end) pieces.push({ text: text.slice(at, end), mark: null });
  return pieces;
}

/** @param other text of the other side; null before it is there, when nothing differs */
export function comparedPhrases(text: string, other: string | null): Phrase[] {
  const marks = findDistortions(text, true);
  const otherPhrases = new Set(
    phrasesOf(other ?? '').map(({ start, end }) => gist((other ?? '').slice(start, end))),
  );
  return phrasesOf(text).map((span) => {
    const key = gist(text.slice(span.start, span.end));
    return {
      start: span.start,
      pieces: cut(text, span, marks),
      differs: other !== null && key !== '' && !otherPhrases.has(key),
    };
  });
}
