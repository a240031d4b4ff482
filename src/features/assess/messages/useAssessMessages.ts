import type { Lang } from '../../../../core/text/lang.ts';
import { en, type Messages } from '../../../ui/messages/en.ts';
import { messagesHook } from '../../../ui/messages/useMessages.tsx';
import { zh } from '../../../ui/messages/zh.ts';
import { type AssessTexts, assessEn } from './en.ts';
import { assessZh } from './zh.ts';

/** The shared texts and those of this room. */
export type AssessMessages = Messages & AssessTexts;

export const ASSESS_MESSAGES: Readonly<Record<Lang, AssessMessages>> = {
  en: { ...en, ...assessEn },
  zh: { ...zh, ...assessZh },
};

export const useAssessMessages = messagesHook(ASSESS_MESSAGES);
