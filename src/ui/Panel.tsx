/** A panel: surface, hairline, title line with a note at its end, and a foot under a rule. */
import { type ReactNode, type Ref, useId } from 'react';
import './Panel.css';

export interface PanelProps {
  readonly title: string;
  /** Small text at the right end of the title line: the source of the content. */
  readonly note?: ReactNode;
  /** Buttons at the very end of the title line. */
  readonly tools?: ReactNode;
  readonly foot?: ReactNode;
  /** The body has no padding of its own: rows reach from edge to edge. */
  readonly flush?: boolean;
  /** Takes the remaining height of a column. */
  readonly grow?: boolean;
  /** Ref of the title, to move the focus there. */
  readonly headingRef?: Ref<HTMLHeadingElement> | undefined;
  readonly children: ReactNode;
}

export function Panel({
  title,
  note,
  tools,
  foot,
  flush = false,
  grow = false,
  headingRef,
  children,
}: PanelProps) {
  const id = useId();
  return (
    <section className={`ui-panel${grow ? ' ui-panel--grow' : ''}`} aria-labelledby={id}>
      <header className="ui-panel__head">
        <h2 id={id} ref={headingRef} tabIndex={-1} className="ui-panel__title">
          {title}
        </h2>
        {note !== undefined && <p className="ui-panel__note">{note}</p>}
        {tools}
      </header>
      <div className={`ui-panel__body${flush ? ' ui-panel__body--flush' : ''}`}>{children}</div>
      {foot && <footer className="ui-panel__foot">{foot}</footer>}
    </section>
  );
}
