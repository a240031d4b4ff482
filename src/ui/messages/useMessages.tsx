/** The page's language as a context, and hooks that return the texts of the page in it. */
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import type { CodedErrorData } from '../../../core/errors.ts';
import { type ErrorText, errorText } from '../../../core/text/error-messages.ts';
import type { Lang } from '../../../core/text/lang.ts';
import { en, type Messages } from './en.ts';
import { zh } from './zh.ts';

export const MESSAGES: Readonly<Record<Lang, Messages>> = { en, zh };

const LangContext = createContext<Lang>('en');

export function LanguageProvider({ lang, children }: { readonly lang: Lang; readonly children: ReactNode }) {
  return <LangContext value={lang}>{children}</LangContext>;
}

export function useLang(): Lang {
  return useContext(LangContext);
}

/** A hook that returns the texts of a room in the page's language. Texts of a page load with it, after the first paint. */
export function messagesHook<Texts>(texts: Readonly<Record<Lang, Texts>>): () => Texts {
  return function useTexts() {
    return texts[useLang()];
  };
}

/** Texts that several rooms use. */
export const useMessages = messagesHook<Messages>(MESSAGES);

/** Title and body of an error in the page's language; an unknown code gets a text that states it. */
export function useErrorText(error: Pick<CodedErrorData, 'code' | 'params'>): ErrorText {
  const lang = useLang();
  return useMemo(() => {
    const { unknownTitle: title, unknownBody: body } = MESSAGES[lang].errors;
    return errorText(lang, error.code, error.params) ?? { title, body };
  }, [lang, error]);
}
