import { messagesHook } from '../../../../ui/messages/useMessages.tsx';
import { type TimelineMessages, timelineEn } from './en.ts';
import { timelineZh } from './zh.ts';

export const useTimelineMessages = messagesHook<TimelineMessages>({ en: timelineEn, zh: timelineZh });
