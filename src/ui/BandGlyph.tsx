/** Five rising bars, `band` of them filled in the band's colour. Always followed by the grade's word. */
import './BandGlyph.css';

/** An ACR grade, 1 Bad … 5 Excellent. */
export type Band = 1 | 2 | 3 | 4 | 5;
export const BANDS: readonly Band[] = [1, 2, 3, 4, 5];

export interface BandGlyphProps {
  readonly band: Band;
  /** Height in pixels; the width is 1.07 of it. */
  readonly size?: number;
}

export function BandGlyph({ band, size = 15 }: BandGlyphProps) {
  return (
    <svg
      className={`ui-glyph ui-glyph--${band}`}
      width={(size * 16) / 15}
      height={size}
      viewBox="0 0 16 15"
      aria-hidden="true"
      focusable="false"
    >
      {BANDS.map((n) => (
        <rect
          key={n}
          className={n <= band ? 'ui-glyph__on' : 'ui-glyph__off'}
          x={(n - 1) * 3.25}
          y={15 - (3 + 2.85 * (n - 1))}
          width="2.25"
          height={3 + 2.85 * (n - 1)}
        />
      ))}
    </svg>
  );
}
