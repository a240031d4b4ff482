import { useLang } from '../../../../ui/messages/useMessages.tsx';
import { type TimelineMessages, timelineEn } from './en.ts';
import { timelineZh } from './zh.ts';

/** Texts of this page. They load with the page, so that the first paint does not wait for them. */
export function useTimelineMessages(): TimelineMessages {
  return useLang() === 'zh' ? timelineZh : timelineEn;
}
