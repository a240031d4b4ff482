import { messagesHook } from '../../../ui/messages/useMessages.tsx';
import { type BatchMessages, batchEn } from './en.ts';
import { batchZh } from './zh.ts';

export const useBatchMessages = messagesHook<BatchMessages>({ en: batchEn, zh: batchZh });
