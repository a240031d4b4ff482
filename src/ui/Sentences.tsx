import { Children, Fragment, type ReactNode } from 'react';
import { useLang } from './messages/useMessages.tsx';

/** Sentences one after the other, with a space between them in languages that write one. */
export function Sentences({ children }: { readonly children: ReactNode }) {
  const gap = useLang() === 'zh' ? null : ' ';
  return Children.toArray(children).map((sentence, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: sentences of one text, in their order
    <Fragment key={i}>
      {i > 0 && gap}
      {sentence}
    </Fragment>
  ));
}
