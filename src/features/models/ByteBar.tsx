/** Bytes of a package: solid = checksum is right, hatched = arrived, with ticks where files end. */
import { cssVariables } from '../../ui/css-variables.ts';
import './ByteBar.css';

export interface ByteBarProps {
  readonly label: string;
  /** Text alternative of the bar. */
  readonly text: string;
  readonly total: number;
  readonly checked: number;
  readonly arrived: number;
  /** Sizes of the files, in their order. */
  readonly files: readonly number[];
}

const MOST_TICKS = 40;

export function ByteBar({ label, text, total, checked, arrived, files }: ByteBarProps) {
  const share = (bytes: number) => (total > 0 ? bytes / total : 0);
  let at = 0;
  const ends = files.slice(0, -1).map((bytes) => {
    at += bytes;
    return share(at);
  });
  return (
    <div
      className="models-bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share(arrived) * 100)}
      aria-valuetext={text}
    >
      <div className="models-bar__arrived" style={cssVariables({ '--share': share(arrived) })} />
      <div className="models-bar__checked" style={cssVariables({ '--share': share(checked) })} />
      {ends.length <= MOST_TICKS &&
        ends.map((end) => (
          <span key={end} className="models-bar__tick" style={cssVariables({ '--share': end })} />
        ))}
    </div>
  );
}
