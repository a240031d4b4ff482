import { type TrainingWords, trainingEn } from '../../ui/words/training.en.ts';
import { trainingZh } from '../../ui/words/training.zh.ts';
import { useLang } from '../../ui/words/useWords.tsx';

/** The words of this page. Apart from `useWords`, so that the first paint does not wait for them. */
export function useTrainingWords(): TrainingWords {
  return useLang() === 'zh' ? trainingZh : trainingEn;
}
