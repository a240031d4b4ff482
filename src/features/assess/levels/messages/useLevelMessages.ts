import { messagesHook } from '../../../../ui/messages/useMessages.tsx';
import { type LevelMessages, levelsEn } from './en.ts';
import { levelsZh } from './zh.ts';

export const LEVEL_MESSAGES = { en: levelsEn, zh: levelsZh };

export const useLevelMessages = messagesHook<LevelMessages>(LEVEL_MESSAGES);
