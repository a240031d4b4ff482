/** The score as a big numeral, or the empty slots that wait for its digits. */
import './Numeral.css';

export interface NumeralProps {
  /** The digits so far: `''`, `3.8`, `3.87`, `12.5`. Shown as given, never rounded here. */
  readonly text: string;
  /** Final, in ink; otherwise the digits are in ink-3 and slots stand for the missing ones. */
  readonly done: boolean;
}

/** The form a score is written in: one digit, the point, two digits. A slot is as wide as the sign it waits for. */
const FORM = '0.00';

export function Numeral({ text, done }: NumeralProps) {
  const rest = done ? '' : FORM.slice(text.length);
  return (
    <span className={`ui-numeral${done ? ' ui-numeral--done' : ''}`}>
      {text}
      {[...rest].map((slot, i) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: slots of a fixed form have no other identity
          key={text.length + i}
          className={slot === '.' ? 'ui-numeral__point' : 'ui-numeral__slot'}
          aria-hidden="true"
        />
      ))}
    </span>
  );
}
