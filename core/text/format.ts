/**
 * Numbers as text. A unit follows a narrow no-break space (U+202F), so that no line ends between them. Ours.
 */

/** Narrow no-break space: the thin space between a number and its unit. */
export const THIN = '\u202f';

const groups = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `2400` → `2,400`. Both languages of the page group by thousands and use a decimal point. */
export function count(n: number): string {
  return groups.format(n);
}

/** `1 frame`, `2,400 frames`: a count and its noun, in English. */
export function plural(n: number, one: string, many: string): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `12.5000%`: a share of a whole as a length in CSS. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(4)}%`;
}

/** `+0.64`, `−1,200.50`, `0.00`: a difference, with a minus sign (not a hyphen) and no sign where it rounds to zero. */
export function signed(value: number, decimals = 2): string {
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  const [whole = '', fraction] = text.split('.');
  const grouped = fraction === undefined ? count(Number(whole)) : `${count(Number(whole))}.${fraction}`;
  return `${value < 0 ? '−' : '+'}${grouped}`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units with three significant digits, at most two decimals: `510 kB`, `11.2 MB`, `4.92 GB`. */
export function bytes(n: number): string {
  const { value, unit } = scaleBytes(n);
  return `${digits3(value, unit)}${THIN}${unit}`;
}

/** `7.4 of 11.2 MB`: both numbers in the unit of the second. `join` gets the two numbers and the unit. */
export function bytesOf(part: number, whole: number): { part: string; whole: string; unit: string } {
  const { value, unit } = scaleBytes(whole);
  const shown = (part / whole) * value || 0;
  const decimals = unit === 'B' ? 0 : value < 10 ? 2 : value < 100 ? 1 : 0;
  return { part: shown.toFixed(decimals), whole: value.toFixed(decimals), unit };
}

function scaleBytes(n: number): { value: number; unit: (typeof BYTE_UNITS)[number] } {
  let value = n;
  let step = 0;
  // 999.5 and above would print as 1000.
  while (value >= 999.5 && step < BYTE_UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  return { value, unit: BYTE_UNITS[step] ?? 'TB' };
}

function digits3(value: number, unit: string): string {
  if (unit === 'B') return String(Math.round(value));
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

/** `0:04.56`, `1:02:03.00`: place in a clip, `decimals` of a second. Seconds in, never negative. */
export function clock(seconds: number, decimals = 2): string {
  const unit = 10 ** decimals;
  const ticks = Math.max(0, Math.round(seconds * unit));
  const s = (ticks % (60 * unit)) / unit;
  const m = Math.floor(ticks / (60 * unit));
  const ss = s.toFixed(decimals).padStart(decimals > 0 ? decimals + 3 : 2, '0');
  return m < 60 ? `${m}:${ss}` : `${Math.floor(m / 60)}:${String(m % 60).padStart(2, '0')}:${ss}`;
}

/** `.05`: a spread on the score's own scale, without the zero that every one of them has. Above 1 it is kept. */
export function spread(n: number): string {
  return n.toFixed(2).replace(/^0/, '');
}

/** `.878`, `−.216`: a correlation as papers print it; `–` where it is not defined. */
export function correlation(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return '–';
  return value
    .toFixed(digits)
    .replace(/^(-?)0\./, '$1.')
    .replace('-', '−');
}

/** `F6`, `F3–4`, `F1, F7–9`: sampled frames, numbered from 1, joined to ranges. `frames` are 0-based places. */
export function frameRanges(frames: readonly number[]): string {
  const sorted = [...new Set(frames)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (j + 1 < sorted.length && sorted[j + 1] === sorted[j]! + 1) j += 1;
    parts.push(j === i ? `F${sorted[i]! + 1}` : `F${sorted[i]! + 1}–${sorted[j]! + 1}`);
    i = j + 1;
  }
  return parts.join(', ');
}
