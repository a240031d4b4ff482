/** The letter of a side: A in ink, B in violet. The letter is always there; the colour only helps. */
import type { SideName } from './state/store.ts';
import './SideLetter.css';

export function SideLetter({ name }: { readonly name: SideName }) {
  return <span className={`compare-letter compare-letter--${name}`}>{name.toUpperCase()}</span>;
}
