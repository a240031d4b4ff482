import { useLang } from '../../../../ui/messages/useWords.tsx';
import { type OvertimeWords, overtimeEn } from './en.ts';
import { overtimeZh } from './zh.ts';

/** The words of quality over time. Apart from `useWords`, so that the first paint does not wait for them. */
export function useOvertimeWords(): OvertimeWords {
  return useLang() === 'zh' ? overtimeZh : overtimeEn;
}
