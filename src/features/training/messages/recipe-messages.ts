import type { Lang } from '../../../../core/text/lang.ts';
import type { RecipeRow } from '../recipe-rows.ts';
import { recipeMeaningZh } from './recipe.zh.ts';

/** What a field means in the page's language: the schema speaks English, a table of its own Chinese. */
export function explain({ about, pattern, kind }: RecipeRow, lang: Lang): string | null {
  return lang === 'en' ? about : recipeMeaningZh(pattern, kind);
}
