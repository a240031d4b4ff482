import type { Lang } from '../../ui/words/lang.ts';
import { recipeMeaningZh } from '../../ui/words/training-recipe.zh.ts';
import type { RecipeRow } from './recipe-rows.ts';

/** What a field means in the page's language: the schema speaks English, a table of its own Chinese. */
export function explain({ about, pattern, kind }: RecipeRow, lang: Lang): string | null {
  return lang === 'en' ? about : recipeMeaningZh(pattern, kind);
}
