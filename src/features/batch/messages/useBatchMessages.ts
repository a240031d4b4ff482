import { useLang } from '../../../ui/messages/useMessages.tsx';
import { type BatchMessages, batchEn } from './en.ts';
import { batchZh } from './zh.ts';

/** Texts of this page. They load with the page, so that the first paint does not wait for them. */
export function useBatchMessages(): BatchMessages {
  return useLang() === 'zh' ? batchZh : batchEn;
}
