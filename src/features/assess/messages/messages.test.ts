import { checkMessages } from '../../../ui/messages/check-messages.ts';
import { assessEn } from './en.ts';
import { assessZh } from './zh.ts';

checkMessages('Assess', assessEn, assessZh);
