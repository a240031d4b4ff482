import { type BatchWords, batchEn } from '../../ui/words/batch.en.ts';
import { batchZh } from '../../ui/words/batch.zh.ts';
import { useLang } from '../../ui/words/useWords.tsx';

/** The words of this page. Apart from `useWords`, so that the first paint does not wait for them. */
export function useBatchWords(): BatchWords {
  return useLang() === 'zh' ? batchZh : batchEn;
}
