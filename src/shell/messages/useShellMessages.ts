import type { Lang } from '../../../core/text/lang.ts';
import { en, type Messages } from '../../ui/messages/en.ts';
import { messagesHook } from '../../ui/messages/useMessages.tsx';
import { zh } from '../../ui/messages/zh.ts';
import { type ShellTexts, shellEn } from './en.ts';
import { shellZh } from './zh.ts';

/** The shared texts and those of this room. */
export type ShellMessages = Messages & ShellTexts;

export const SHELL_MESSAGES: Readonly<Record<Lang, ShellMessages>> = {
  en: { ...en, ...shellEn },
  zh: { ...zh, ...shellZh },
};

export const useShellMessages = messagesHook(SHELL_MESSAGES);
