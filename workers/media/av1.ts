/** Sequence header of AV1 (AV1 bitstream specification §5.5). */
import { BitReader } from './bits.ts';
import { depthOf, type StreamHeader, sizeOf } from './stream-header.ts';

const SEQUENCE_HEADER = 1;

/** leb128: up to eight bytes of seven bits, least significant first. */
function leb128(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) break;
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value, next: at + i + 1 };
  }
  throw new RangeError('A leb128 number does not end.');
}

/**
 * Open bitstream units of a packet, in order.
 *
 * @throws RangeError when one ends early
 */
export function* obusOf(obus: Uint8Array): Generator<{ type: number; payload: Uint8Array }> {
  let at = 0;
  while (at < obus.length) {
    const head = obus[at]!;
    const type = (head >> 3) & 15;
    at += head & 4 ? 2 : 1; // extension byte
    let size = obus.length - at;
    if (head & 2) {
      const coded = leb128(obus, at);
      size = coded.value;
      at = coded.next;
    }
    yield { type, payload: obus.subarray(at, at + size) };
    at += size;
  }
}

/**
 * @param obus a packet, or `configOBUs` of `av1C`
 * @returns null when there is no sequence header in it
 * @throws RangeError when the header ends early
 */
export function parseAv1Header(obus: Uint8Array): StreamHeader | null {
  for (const { type, payload } of obusOf(obus))
    if (type === SEQUENCE_HEADER) return parseSequenceHeader(new BitReader(payload));
  return null;
}

function parseSequenceHeader(bits: BitReader): StreamHeader {
  const profile = bits.bits(3);
  bits.skip(1); // still picture
  const reduced = bits.flag();
  if (reduced) bits.skip(5);
  else skipOperatingPoints(bits);
  const [widthBits, heightBits] = [bits.bits(4) + 1, bits.bits(4) + 1];
  const size = { width: bits.bits(widthBits) + 1, height: bits.bits(heightBits) + 1 };
  if (!reduced && bits.flag()) bits.skip(4 + 3); // frame ids
  bits.skip(3); // superblock size, filter intra, intra edge
  if (!reduced) skipInterTools(bits);
  bits.skip(3); // superres, cdef, restoration
  return { ...parseColour(bits, profile), ...sizeOf(size) };
}

function skipOperatingPoints(bits: BitReader): void {
  let model = false;
  let delayBits = 0;
  if (bits.flag()) {
    bits.skip(64);
    if (bits.flag()) bits.ue(); // uvlc is the same code
    model = bits.flag();
    if (model) {
      delayBits = bits.bits(5) + 1;
      bits.skip(32 + 10);
    }
  }
  const displayDelay = bits.flag();
  const points = bits.bits(5) + 1;
  for (let i = 0; i < points; i++) {
    bits.skip(12);
    if (bits.bits(5) > 7) bits.skip(1); // tier
    if (model && bits.flag()) bits.skip(2 * delayBits + 1);
    if (displayDelay && bits.flag()) bits.skip(4);
  }
}

function skipInterTools(bits: BitReader): void {
  bits.skip(4); // interintra, masked, warped, dual filter
  const orderHint = bits.flag();
  if (orderHint) bits.skip(2);
  const screen = bits.flag() || bits.flag();
  if (screen && !bits.flag()) bits.skip(1); // integer motion vectors
  if (orderHint) bits.skip(3);
}

function parseColour(bits: BitReader, profile: number): StreamHeader {
  const high = bits.flag();
  const bitDepth = depthOf(profile === 2 && high ? (bits.flag() ? 12 : 10) : high ? 10 : 8);
  const mono = profile !== 1 && bits.flag();
  let [primaries, transfer, matrix] = [2, 2, 2];
  if (bits.flag()) [primaries, transfer, matrix] = [bits.bits(8), bits.bits(8), bits.bits(8)];
  if (mono) return { bitDepth, chroma: 'mono', matrix, transfer, fullRange: bits.flag() };
  if (primaries === 1 && transfer === 13 && matrix === 0)
    return { bitDepth, chroma: '4:4:4', matrix, transfer, fullRange: true };
  const fullRange = bits.flag();
  let chroma: StreamHeader['chroma'] = '4:2:0';
  if (profile === 1) chroma = '4:4:4';
  else if (profile === 2) {
    // 12 bits carry both subsampling flags, x and then (when set) y.
    const halvesX = bitDepth < 12 || bits.flag();
    const halvesY = bitDepth === 12 && halvesX && bits.flag();
    chroma = !halvesX ? '4:4:4' : halvesY ? '4:2:0' : '4:2:2';
  }
  return { bitDepth, chroma, matrix, transfer, fullRange };
}
