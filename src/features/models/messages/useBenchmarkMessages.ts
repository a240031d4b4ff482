import { messagesHook } from '../../../ui/messages/useMessages.tsx';
import { type BenchmarkMessages, benchmarkEn } from './benchmark.en.ts';
import { benchmarkZh } from './benchmark.zh.ts';

export const useBenchmarkMessages = messagesHook<BenchmarkMessages>({ en: benchmarkEn, zh: benchmarkZh });
