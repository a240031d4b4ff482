import { useLang } from '../../../ui/messages/useMessages.tsx';
import { type TrainingMessages, trainingEn } from './en.ts';
import { trainingZh } from './zh.ts';

/** Texts of this page. They load with the page, so that the first paint does not wait for them. */
export function useTrainingMessages(): TrainingMessages {
  return useLang() === 'zh' ? trainingZh : trainingEn;
}
