import { type OvertimeWords, overtimeEn } from '../../../ui/words/overtime.en.ts';
import { overtimeZh } from '../../../ui/words/overtime.zh.ts';
import { useLang } from '../../../ui/words/useWords.tsx';

/** The words of quality over time. Apart from `useWords`, so that the first paint does not wait for them. */
export function useOvertimeWords(): OvertimeWords {
  return useLang() === 'zh' ? overtimeZh : overtimeEn;
}
