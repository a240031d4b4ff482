import { useLang } from '../../../ui/messages/useWords.tsx';
import { type BatchWords, batchEn } from './en.ts';
import { batchZh } from './zh.ts';

/** The words of this page. Apart from `useWords`, so that the first paint does not wait for them. */
export function useBatchWords(): BatchWords {
  return useLang() === 'zh' ? batchZh : batchEn;
}
