/** Texts of this page. They load with the page, so that the first paint does not wait for them. */

import type { Lang } from '../../../../core/text/lang.ts';
import { useLang } from '../../../ui/messages/useMessages.tsx';
import { type CompareMessages, compareEn } from './en.ts';
import { compareZh } from './zh.ts';

const MESSAGES: Readonly<Record<Lang, CompareMessages>> = { en: compareEn, zh: compareZh };

export function useCompareMessages(): CompareMessages {
  return MESSAGES[useLang()];
}
