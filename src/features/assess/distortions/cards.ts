/**
 * Cards about distortions: appearance, usual causes, remedies. Written by people for this page; no model wrote or chose
 * a word of them. Each distortion of the lexicon has one in both languages.
 */
import type { Lang } from '../../../../core/text/lang.ts';
import { cardsEn } from './cards.en.ts';
import { cardsZh } from './cards.zh.ts';

/** Where a remedy is applied. */
export type Remedy = 'camera' | 'encoder' | 'editor';

export interface DistortionCardText {
  readonly looks: string;
  readonly causes: string;
  /** Most useful first; at least two. */
  readonly helps: readonly (readonly [Remedy, string])[];
}

export type DistortionCards = Readonly<Record<string, DistortionCardText>>;

const CARDS: Readonly<Record<Lang, DistortionCards>> = { en: cardsEn, zh: cardsZh };

/** The card of a distortion by its id in the lexicon; null where there is none. */
export function cardOf(id: string, lang: Lang): DistortionCardText | null {
  return CARDS[lang][id] ?? null;
}
