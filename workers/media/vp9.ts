/** Uncompressed header of a VP9 key frame (VP9 bitstream specification §6.2 and §7.2.2). */
import { BitReader } from './bits.ts';
import { depthOf, type StreamHeader, sizeOf } from './stream-header.ts';

/** `color_space` to matrix coefficients of H.273, as ffmpeg maps it; 7 is RGB. */
const MATRIX = [2, 5, 1, 6, 7, 9, 2, 0];

/**
 * @returns null when the packet is not a key frame
 * @throws RangeError when it ends early or is no VP9
 */
export function parseVp9Header(packet: Uint8Array): StreamHeader | null {
  const bits = new BitReader(packet);
  if (bits.bits(2) !== 2) throw new RangeError('No VP9 frame marker.');
  const profile = bits.bit() + 2 * bits.bit();
  if (profile === 3) bits.skip(1);
  if (bits.flag()) return null; // shows an existing frame
  if (bits.bit() !== 0) return null; // inter frame
  bits.skip(2); // shown, error resilient
  if (bits.bits(24) !== 0x498342) throw new RangeError('No VP9 sync code.');
  const depth = profile >= 2 ? (bits.flag() ? 12 : 10) : 8;
  const space = bits.bits(3);
  const matrix = MATRIX[space];
  const bitDepth = depthOf(depth);
  let fullRange = true;
  let chroma: StreamHeader['chroma'] = space === 7 ? '4:4:4' : '4:2:0';
  if (space !== 7) fullRange = bits.flag();
  if (profile % 2 === 1) {
    const [x, y] = space === 7 ? [0, 0] : [bits.bit(), bits.bit()];
    chroma = x === 0 ? '4:4:4' : y === 0 ? '4:2:2' : '4:2:0';
    bits.skip(1); // reserved
  }
  const size = { width: bits.bits(16) + 1, height: bits.bits(16) + 1 };
  return { bitDepth, chroma, matrix, fullRange, ...sizeOf(size) };
}
