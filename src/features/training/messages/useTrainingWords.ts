import { useLang } from '../../../ui/messages/useWords.tsx';
import { type TrainingWords, trainingEn } from './en.ts';
import { trainingZh } from './zh.ts';

/** The words of this page. Apart from `useWords`, so that the first paint does not wait for them. */
export function useTrainingWords(): TrainingWords {
  return useLang() === 'zh' ? trainingZh : trainingEn;
}
