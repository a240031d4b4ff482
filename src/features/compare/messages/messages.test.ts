import { describe, expect, it } from 'vitest';
import { checkMessages } from '../../../ui/messages/check-messages.ts';
import { compareEn } from './en.ts';
import { compareZh } from './zh.ts';

checkMessages('Compare', compareEn, compareZh);

describe('texts of Compare', () => {
  it('number the sampled frames with the English ordinal', () => {
    const nth = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map((n) => compareEn.transport.sampledOf(n, 200));
    expect(nth.map((text) => text.split(' ')[0])).toEqual(
      '1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th'.split(' '),
    );
  });
});
