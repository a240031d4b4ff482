/**
 * Shape of pixels in sequence parameter sets of H.264. Frames are read pixel by pixel, whatever the shape; WebKitGTK cuts
 * rows or columns of a frame to the shape in which it is to be shown.
 */
import { BitReader } from './bits.ts';
import { readSequence } from './h264.ts';
import { rawPayload, withEmulation } from './nal.ts';

/** `aspect_ratio_idc`: square pixels, and a ratio that is stated in two numbers of 16 bits. */
const SQUARE = 1;
const EXTENDED = 255;

/**
 * @param sps the NAL unit with its header byte
 * @returns a copy that states square pixels; null where the SPS states no other ones, or cannot be read
 */
export function withSquarePixels(sps: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const raw = rawPayload(sps).slice();
  const bits = new BitReader(raw);
  try {
    readSequence(bits);
    if (!bits.flag() || !bits.flag()) return null;
    const at = bits.position;
    const ratio = bits.bits(8);
    if (ratio <= SQUARE) return null;
    if (ratio !== EXTENDED) {
      put(raw, at, SQUARE, 8);
      return withEmulation(raw);
    }
    const [width, height] = [bits.bits(16), bits.bits(16)];
    if (width === height) return null;
    put(raw, at + 8, 1, 16);
    put(raw, at + 24, 1, 16);
    return withEmulation(raw);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Writes a number of `count` bits at a position in bits. */
function put(bytes: Uint8Array, at: number, value: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const mask = 128 >> ((at + i) & 7);
    const bit = (value >> (count - 1 - i)) & 1;
    bytes[(at + i) >> 3] = bit ? bytes[(at + i) >> 3]! | mask : bytes[(at + i) >> 3]! & ~mask;
  }
}
