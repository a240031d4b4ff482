import { messagesHook } from '../../../ui/messages/useMessages.tsx';
import { type ModelsMessages, modelsEn } from './en.ts';
import { modelsZh } from './zh.ts';

export const useModelsMessages = messagesHook<ModelsMessages>({ en: modelsEn, zh: modelsZh });
