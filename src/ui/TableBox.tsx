/** The numbers behind a plot: a table in a box that scrolls under its head. */
import type { ReactNode } from 'react';
import { ScrollBox } from './ScrollBox.tsx';
import './TableBox.css';

export function TableBox(props: {
  readonly name: string;
  readonly className: string;
  readonly children: ReactNode;
}) {
  const { name, className, children } = props;
  return (
    <ScrollBox className={`ui-tablebox ${className}`} name={name}>
      {children}
    </ScrollBox>
  );
}
