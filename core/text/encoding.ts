/** Encoding of a text file: UTF-8, or UTF-16 as spreadsheets save it. Ours. */

/**
 * Label for a `TextDecoder`, by the byte order mark; without one, by where the zero bytes of letters and digits lie.
 *
 * @param head the first 200 bytes of the file, or more
 */
export function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  const [first, second] = head;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  const start = head.subarray(0, 200);
  const zeros = (from: 0 | 1) => start.filter((byte, i) => i % 2 === from && byte === 0).length;
  if (zeros(1) > start.length / 4) return 'utf-16le';
  return zeros(0) > start.length / 4 ? 'utf-16be' : 'utf-8';
}
