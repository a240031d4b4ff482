import { messagesHook } from '../../../ui/messages/useMessages.tsx';
import { type CompareMessages, compareEn } from './en.ts';
import { compareZh } from './zh.ts';

export const useCompareMessages = messagesHook<CompareMessages>({ en: compareEn, zh: compareZh });
