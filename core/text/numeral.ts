/** Numbers as tables write them. Ours. */

const POINT = /^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?\s*$/;
const COMMA = /^\s*[-+]?(\d+,\d*|,\d+)\s*$/;

/** Value of a numeral and nothing else, with a decimal point or a decimal comma; null for anything else. */
export function readNumeral(text: string): number | null {
  const plain = COMMA.test(text) ? text.replace(',', '.') : text;
  const number = POINT.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

/** A numeral with a decimal point, otherwise as written. */
export function withPoint(text: string): string {
  const plain = text.trim();
  return COMMA.test(plain) ? plain.replace(',', '.') : plain;
}
