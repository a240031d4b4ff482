import { checkMessages } from '../../../../ui/messages/check-messages.ts';
import { timelineEn } from './en.ts';
import { timelineZh } from './zh.ts';

checkMessages('the quality timeline', timelineEn, timelineZh);
