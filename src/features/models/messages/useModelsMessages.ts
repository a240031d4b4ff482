import { useLang } from '../../../ui/messages/useMessages.tsx';
import { type ModelsMessages, modelsEn } from './en.ts';
import { modelsZh } from './zh.ts';

/** Texts of this page. They load with the page, so that the first paint does not wait for them. */
export function useModelsMessages(): ModelsMessages {
  return useLang() === 'zh' ? modelsZh : modelsEn;
}
