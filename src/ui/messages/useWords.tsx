/** The page's language as a context: `useWords()` gives the words, `useErrorText()` those of a coded error. */
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import type { CodedErrorData } from '../../../core/errors.ts';
import { type ErrorText, errorText } from '../../../core/text/error-messages.ts';
import type { Lang } from '../../../core/text/lang.ts';
import { en, type Words } from './en.ts';
import { zh } from './zh.ts';

export const WORDS: Readonly<Record<Lang, Words>> = { en, zh };

const LangContext = createContext<Lang>('en');

export function WordsProvider({ lang, children }: { readonly lang: Lang; readonly children: ReactNode }) {
  return <LangContext value={lang}>{children}</LangContext>;
}

export function useLang(): Lang {
  return useContext(LangContext);
}

export function useWords(): Words {
  return WORDS[useContext(LangContext)];
}

/** Title and body of an error in the page's language; an unknown code gets words that say so. */
export function useErrorText(error: Pick<CodedErrorData, 'code' | 'params'>): ErrorText {
  const lang = useLang();
  return useMemo(() => {
    const { unknownTitle: title, unknownBody: body } = WORDS[lang].errors;
    return errorText(lang, error.code, error.params) ?? { title, body };
  }, [lang, error]);
}
