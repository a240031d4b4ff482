/** Letter of a side: A in ink, B in violet. */
import type { SideName } from './state/store.ts';
import './SideLetter.css';

export function SideLetter({ name }: { readonly name: SideName }) {
  return <span className={`compare-letter compare-letter--${name}`}>{name.toUpperCase()}</span>;
}
