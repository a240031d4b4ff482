/**
 * Ends of clauses and words in a text that may still grow, shared by the word lists for distortions and times. Ours.
 */

/** Ends of clauses: a mark followed by white space (so that 3.5 holds together), or a full-width one. */
export const clauseEnd = /[.!?;:](?=\s)|[。！？；：\n]/u;
/** The same with commas. */
export const phraseEnd = /[.,!?;:](?=\s)|[。，！？；：\n]/u;

const unit = /[\p{L}\p{N}'’:./%-]+?(?=[^\p{L}\p{N}'’:./%-])|\p{Script=Han}/gu;

/** Complete words in a text; each Han character counts as one, a word that the text breaks off does not count. */
export function completeWordCount(text: string): number {
  let count = 0;
  for (const _ of text.replace(/\p{Script=Han}/gu, ' 一 ').matchAll(unit)) count++;
  return count;
}

/**
 * True when a mark can no longer change as the text grows: its clause has ended, or so many words follow that no longer
 * term begins at the same position.
 */
export function isSettled(after: string, end: RegExp, least: number): boolean {
  return end.test(after) || completeWordCount(after) >= least;
}
