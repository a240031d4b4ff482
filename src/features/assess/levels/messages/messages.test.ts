import { checkMessages } from '../../../../ui/messages/check-messages.ts';
import { levelsEn } from './en.ts';
import { levelsZh } from './zh.ts';

checkMessages('level scores', levelsEn, levelsZh);
