/** The words of this page in the page's language. They come with the page, not before the first paint. */

import type { Lang } from '../../../../core/text/lang.ts';
import { useLang } from '../../../ui/messages/useWords.tsx';
import { type CompareWords, compareEn } from './en.ts';
import { compareZh } from './zh.ts';

const WORDS: Readonly<Record<Lang, CompareWords>> = { en: compareEn, zh: compareZh };

export function useCompareWords(): CompareWords {
  return WORDS[useLang()];
}
