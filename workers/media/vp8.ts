/** Frame header of a VP8 key frame (RFC 6386 §9.1). */
import { type StreamHeader, sizeOf } from './stream-header.ts';

/** @returns null when the packet is not a key frame */
export function parseVp8Header(packet: Uint8Array): StreamHeader | null {
  if (packet.length < 10 || (packet[0]! & 1) !== 0) return null;
  if (packet[3] !== 0x9d || packet[4] !== 0x01 || packet[5] !== 0x2a) return null;
  // 14 bits of each side; the two above them scale the picture for display only.
  const side = (at: number) => (packet[at]! | (packet[at + 1]! << 8)) & 0x3fff;
  return { bitDepth: 8, chroma: '4:2:0', ...sizeOf({ width: side(6), height: side(8) }) };
}
