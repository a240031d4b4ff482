import { messagesHook } from '../../../ui/messages/useMessages.tsx';
import { type TrainingMessages, trainingEn } from './en.ts';
import { trainingZh } from './zh.ts';

export const useTrainingMessages = messagesHook<TrainingMessages>({ en: trainingEn, zh: trainingZh });
