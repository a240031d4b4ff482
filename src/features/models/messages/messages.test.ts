import { checkMessages } from '../../../ui/messages/check-messages.ts';
import { benchmarkEn } from './benchmark.en.ts';
import { benchmarkZh } from './benchmark.zh.ts';

checkMessages('the benchmark', benchmarkEn, benchmarkZh);
