/** Every distortion that a text may name has a card in both languages, of one form. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { distortionTerms } from '../../../../core/answer/distortion-terms.ts';
import { cardOf, type DistortionCardText } from './cards.ts';

const trained = JSON.parse(
  readFileSync(new URL('../../../../core/training/distortions.json', import.meta.url), 'utf8'),
) as { distortions: { id: string }[] };
const ids = distortionTerms.map(({ id }) => id);

test('the 17 distortions that the small model names are in the lexicon', () => {
  expect(trained.distortions).toHaveLength(17);
  expect(trained.distortions.filter(({ id }) => !ids.includes(id))).toEqual([]);
});

test.each(ids)('%s has a card in English and in Chinese, with the same remedies', (id) => {
  const [en, zh] = [cardOf(id, 'en'), cardOf(id, 'zh')] as [DistortionCardText, DistortionCardText];
  for (const card of [en, zh]) {
    expect(card).not.toBeNull();
    expect(card.helps.length).toBeGreaterThanOrEqual(2);
    expect(new Set(card.helps.map(([at]) => at)).size).toBe(card.helps.length);
    for (const text of [card.looks, card.causes, ...card.helps.map(([, help]) => help)]) {
      expect(text).toMatch(/[.。]$/);
      // A card is read at a glance.
      expect(text.length).toBeLessThanOrEqual(115);
    }
  }
  expect(zh.helps.map(([at]) => at)).toEqual(en.helps.map(([at]) => at));
  expect(zh.looks).toMatch(/\p{Script=Han}/u);
  expect(en.looks).not.toMatch(/\p{Script=Han}/u);
});
