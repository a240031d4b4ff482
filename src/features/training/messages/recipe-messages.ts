import type { Lang } from '../../../../core/text/lang.ts';
import type { RecipeRow } from '../recipe-rows.ts';
import { recipeMeaningZh } from './recipe.zh.ts';

/** Meaning of a recipe field in the page's language: English from the schema, Chinese from a table. */
export function explain({ about, pattern, kind }: RecipeRow, lang: Lang): string | null {
  return lang === 'en' ? about : recipeMeaningZh(pattern, kind);
}
