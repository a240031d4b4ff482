import { checkMessages } from '../../ui/messages/check-messages.ts';
import { shellEn } from './en.ts';
import { shellZh } from './zh.ts';

checkMessages('the shell', shellEn, shellZh);
