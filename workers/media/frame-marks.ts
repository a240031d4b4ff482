/** Headers of pictures: whether decoding can start at a packet, and whether a packet shows a picture. */
import { obusOf } from './av1.ts';
import { sliceOf } from './h264-slice.ts';
import { isRecoveryPoint, type NalCodec } from './nal.ts';

/**
 * Kind of start that a packet is for a decoder: at a picture that nothing before it is needed for, behind which the decoder has
 * shown all that came before (`fresh`); at an intra picture with a recovery point (`recovery`); or not (null).
 */
export function decodingStart(codec: NalCodec, units: Iterable<Uint8Array>): 'fresh' | 'recovery' | null {
  let recovery = false;
  for (const unit of units) {
    const head = unit[0];
    if (head === undefined) continue;
    if (codec === 'hevc') {
      const type = (head >> 1) & 63;
      if (type < 32) return type >= 16 && type <= 23 ? 'fresh' : null;
      continue;
    }
    const type = head & 31;
    if (type === 6) recovery ||= isRecoveryPoint(unit);
    if (type === 5) return 'fresh';
    if (type >= 1 && type < 5)
      return recovery && sliceOf(unit.subarray(0, 32), null).intra ? 'recovery' : null;
  }
  return null;
}

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
