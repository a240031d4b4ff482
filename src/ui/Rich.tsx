import { Fragment } from 'react';

const MARKS = /\*\*(.+?)\*\*|`(.+?)`/g;

/** The page's own sentence with its two marks: `**bold**` and `` `code` ``. Never used for text of the model. */
export function Rich({ text }: { readonly text: string }) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(MARKS)) {
    parts.push(<Fragment key={from}>{text.slice(from, match.index)}</Fragment>);
    const [whole, bold, code] = match;
    parts.push(
      bold === undefined ? (
        <code key={`c${match.index}`}>{code}</code>
      ) : (
        <strong key={`b${match.index}`}>{bold}</strong>
      ),
    );
    from = match.index + whole.length;
  }
  parts.push(<Fragment key="end">{text.slice(from)}</Fragment>);
  return <>{parts}</>;
}
