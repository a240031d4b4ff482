/** Frame headers of VP8, VP9 and AV1: whether decoding can start at a packet, and whether a packet shows a picture. */
import { obusOf } from './av1.ts';

/** The first packet byte of VP8 (RFC 6386 §9.1): bit 0 is 0 for a key frame, bit 4 is 1 for a frame that is shown. */
const VP8 = { inter: 1, shown: 16 };

/** True for VP8 packets that show nothing: alt-ref frames, to which later frames refer. */
export function isHiddenVp8(packet: Uint8Array): boolean {
  return packet.length > 0 && (packet[0]! & VP8.shown) === 0;
}

export function isVp8Key(packet: Uint8Array): boolean {
  return packet.length > 0 && (packet[0]! & VP8.inter) === 0;
}

/** VP9 bitstream specification §6.2: marker, profile, then `show_existing_frame` and `frame_type`, both 0 for a key frame. */
export function isVp9Key(packet: Uint8Array): boolean {
  const head = packet[0] ?? 0;
  if (head >> 6 !== 2) return false;
  const reserved = (head & 0x30) === 0x30 ? 1 : 0; // profile 3 has a bit more
  return (head & (reserved ? 0x06 : 0x0c)) === 0;
}

const OBU = { sequenceHeader: 1, frameHeader: 3, frame: 6 };

/** AV1 bitstream specification §5.9.2: the first frame header of the packet is that of a key frame. */
export function isAv1Key(packet: Uint8Array): boolean {
  let still = false;
  for (const { type, payload } of obusOf(packet)) {
    // `reduced_still_picture_header`, behind the profile and `still_picture`.
    if (type === OBU.sequenceHeader) still = ((payload[0] ?? 0) & 0x08) !== 0;
    // `show_existing_frame` and the two bits of `frame_type`, all 0 for a key frame.
    if (type === OBU.frameHeader || type === OBU.frame) return still || ((payload[0] ?? 0xff) & 0xe0) === 0;
  }
  return false;
}
