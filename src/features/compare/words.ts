/** The words of this page in the page's language. They come with the page, not before the first paint. */
import { type CompareWords, compareEn } from '../../ui/words/compare.en.ts';
import { compareZh } from '../../ui/words/compare.zh.ts';
import type { Lang } from '../../ui/words/lang.ts';
import { useLang } from '../../ui/words/useWords.tsx';

const WORDS: Readonly<Record<Lang, CompareWords>> = { en: compareEn, zh: compareZh };

export function useCompareWords(): CompareWords {
  return WORDS[useLang()];
}
