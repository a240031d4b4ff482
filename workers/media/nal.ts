/** NAL units of H.264 and HEVC. */

/** Takes the emulation prevention bytes out (00 00 03 → 00 00). */
export function rawPayload(nal: Uint8Array): Uint8Array {
  const out = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** NAL units of a packet with length prefixes of `lengthSize` bytes (MP4, Matroska). Stops at the first length that cannot be. */
export function* prefixedUnits(packet: Uint8Array, lengthSize: number): Generator<Uint8Array> {
  let at = 0;
  while (at + lengthSize < packet.length) {
    let size = 0;
    for (let i = 0; i < lengthSize; i++) size = size * 256 + packet[at + i]!;
    at += lengthSize;
    if (size === 0 || at + size > packet.length) return;
    yield packet.subarray(at, at + size);
    at += size;
  }
}

/** NAL units between start codes (Annex B: MPEG-TS). */
export function* annexBUnits(packet: Uint8Array): Generator<Uint8Array> {
  let start = -1;
  for (let i = 0; i + 2 < packet.length; i++) {
    if (packet[i] !== 0 || packet[i + 1] !== 0 || packet[i + 2] !== 1) continue;
    if (start >= 0) yield packet.subarray(start, i);
    start = i + 3;
    i += 2;
  }
  if (start >= 0 && start < packet.length) yield packet.subarray(start);
}

export type NalCodec = 'avc' | 'hevc';

/** True where decoding can start at this packet: its first slice is an IDR picture (H.264) or an IRAP picture (HEVC). */
export function startsDecoding(codec: NalCodec, units: Iterable<Uint8Array>): boolean {
  for (const unit of units) {
    const head = unit[0];
    if (head === undefined) continue;
    if (codec === 'avc') {
      const type = head & 31;
      if (type >= 1 && type <= 5) return type === 5;
    } else {
      const type = (head >> 1) & 63;
      if (type < 32) return type >= 16 && type <= 23;
    }
  }
  return false;
}

/** Access unit delimiter, SEI and filler: they say nothing that a later picture needs. */
const REMARKS: ReadonlySet<number> = new Set([6, 9, 12]);

/**
 * True where an H.264 packet may be skipped when its frame is not requested: `nal_ref_idc` 0 in every slice says that
 * no other picture refers to it (ITU-T H.264 §7.4.1). x264 writes every second packet so.
 */
export function isDisposable(units: Iterable<Uint8Array>): boolean {
  let slices = 0;
  for (const unit of units) {
    const head = unit[0];
    if (head === undefined || REMARKS.has(head & 31)) continue;
    if ((head & 31) !== 1 || (head & 0x60) !== 0) return false;
    slices++;
  }
  return slices > 0;
}

/** First unit that is a sequence parameter set. */
export function findSps(codec: NalCodec, units: Iterable<Uint8Array>): Uint8Array | null {
  for (const unit of units) {
    const head = unit[0];
    if (head !== undefined && (codec === 'avc' ? (head & 31) === 7 : ((head >> 1) & 63) === 33)) return unit;
  }
  return null;
}
