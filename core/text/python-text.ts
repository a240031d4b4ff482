/**
 * Text functions of Python 3.11 where JavaScript differs: white space, decimal digits of every script, `float()` and
 * the shortest printed form of a float. The released parsers depend on each. Held to the official code by
 * golden/rules/parse.json: change only with it.
 */

/** `str.isspace` and `\s`: unlike JavaScript's, with U+001C–1F and U+0085 and without U+FEFF. */
function isSpace(code: number): boolean {
  return (
    (code >= 0x09 && code <= 0x0d) ||
    (code >= 0x1c && code <= 0x20) ||
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** First index ≥ `from` that is no white space. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** `str.strip()`. */
export function strip(text: string): string {
  const start = skipSpace(text, 0);
  let end = text.length;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Code points of the zeros of every decimal digit run in Unicode 14 (Python 3.11); each is followed by 1 to 9. */
const zeros: readonly number[] = [
  0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
  0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
  0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0,
  0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50,
  0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950,
  0x1fbf0,
];

function digit(code: number): number {
  if (code < 0x660) return code >= 0x30 && code <= 0x39 ? code - 0x30 : -1;
  const zero = zeros.findLast((z) => z <= code)!;
  return code - zero <= 9 ? code - zero : -1;
}

/** The text with every decimal digit as ASCII and every white space as a blank; other characters stay. */
export function asciiDigits(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const value = digit(code);
    out += value >= 0 ? String(value) : isSpace(code) ? ' ' : character;
  }
  return out;
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** `float(text)`, or null where Python raises ValueError. May be NaN or infinite, as there. */
export function pythonFloat(text: string): number | null {
  const plain = asciiDigits(strip(text));
  // An underscore is allowed between two digits and nowhere else.
  if (/(?:^|\D)_|_(?:\D|$)/.test(plain)) return null;
  const bare = plain.replaceAll('_', '');
  if (decimal.test(bare)) return Number(bare);
  const word = /^([+-]?)(?:(inf|infinity)|nan)$/i.exec(bare);
  if (word === null) return null;
  if (word[2] === undefined) return Number.NaN;
  return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** `repr(float)`: the shortest digits that give the value back, an exponent below 1e-4 and from 1e16 on. */
export function pythonRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, power] = value.toExponential().split('e') as [string, string];
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('-', '').replace('.', '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}
