import type { ReactNode } from 'react';
import './Kbd.css';

/** One key, as it is printed on the key. */
export function Kbd({ children }: { readonly children: ReactNode }) {
  return <kbd className="ui-kbd">{children}</kbd>;
}
