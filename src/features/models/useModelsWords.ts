import { type ModelsWords, modelsEn } from '../../ui/words/models.en.ts';
import { modelsZh } from '../../ui/words/models.zh.ts';
import { useLang } from '../../ui/words/useWords.tsx';

/** The words of this page. Apart from `useWords`, so that the first paint does not wait for them. */
export function useModelsWords(): ModelsWords {
  return useLang() === 'zh' ? modelsZh : modelsEn;
}
