/** A package's README as it is meant to be read. The words are its author's. */
import { Fragment } from 'react';
import { ScrollBox } from '../../ui/ScrollBox.tsx';
import './ModelCard.css';
import { type Block, readInline, readMarkdown } from './markdown.ts';

export function ModelCard({ text }: { readonly text: string }) {
  const blocks = readMarkdown(text);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by key
    <div className="models-card" lang="en" tabIndex={0}>
      {blocks.map((block, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the text does not change
        <Part key={at} block={block} under={headingAbove(blocks, at)} />
      ))}
    </div>
  );
}

function headingAbove(blocks: readonly Block[], at: number): string {
  const heading = blocks.slice(0, at).findLast((block) => block.kind === 'heading');
  return heading?.kind === 'heading' ? heading.text : '';
}

/** `under`: the heading that a part stands under, which names a table. */
function Part({ block, under }: { readonly block: Block; readonly under: string }) {
  switch (block.kind) {
    case 'heading':
      // The dialog has the first two levels.
      return block.level <= 2 ? (
        <h3>
          <Line text={block.text} />
        </h3>
      ) : (
        <h4>
          <Line text={block.text} />
        </h4>
      );
    case 'code':
      return <pre>{block.text}</pre>;
    case 'list': {
      const items = block.items.map((item) => (
        <li key={item}>
          <Line text={item} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return <Table name={under || block.head.join(', ')} head={block.head} rows={block.rows} />;
    default:
      return (
        <p>
          <Line text={block.text} />
        </p>
      );
  }
}

/** A column of numbers stands on its right edge. */
const isNumber = (cell: string): boolean => /^[-+−~]?[.\d]/.test(cell);

function Table({
  name,
  head,
  rows,
}: {
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}) {
  const numbers = head.map(
    (_, k) => k > 0 && rows.every((row) => (row[k] ?? '') === '' || isNumber(row[k] ?? '')),
  );
  const side = (k: number) => (numbers[k] ? 'models-card__number' : undefined);
  return (
    <ScrollBox className="models-card__box" name={name}>
      <table>
        <thead>
          <tr>
            {head.map((cell, k) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns in their order
              <th key={k} scope="col" className={side(k)}>
                <Line text={cell} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.join('|')}>
              {row.map((cell, k) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: columns in their order
                <td key={k} className={side(k)}>
                  <Line text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}

function Line({ text }: { readonly text: string }) {
  return readInline(text).map((part, at) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: parts in their order
    if (part.kind === 'code') return <code key={at}>{part.text}</code>;
    // biome-ignore lint/suspicious/noArrayIndexKey: parts in their order
    if (part.kind === 'strong') return <strong key={at}>{part.text}</strong>;
    if (part.kind === 'link')
      return (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts in their order
        <a key={at} href={part.to} target="_blank" rel="noreferrer">
          {part.text}
        </a>
      );
    // biome-ignore lint/suspicious/noArrayIndexKey: parts in their order
    return <Fragment key={at}>{part.text}</Fragment>;
  });
}
