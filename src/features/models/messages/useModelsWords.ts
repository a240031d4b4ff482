import { useLang } from '../../../ui/messages/useWords.tsx';
import { type ModelsWords, modelsEn } from './en.ts';
import { modelsZh } from './zh.ts';

/** The words of this page. Apart from `useWords`, so that the first paint does not wait for them. */
export function useModelsWords(): ModelsWords {
  return useLang() === 'zh' ? modelsZh : modelsEn;
}
