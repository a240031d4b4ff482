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

/** Puts emulation prevention bytes in (00 00 0x → 00 00 03 0x). */
export function withEmulation(raw: Iterable<number>): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let zeros = 0;
  for (const byte of raw) {
    if (zeros >= 2 && byte <= 3) {
      bytes.push(3);
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
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

/**
 * True for an SEI unit of H.264 with a recovery point at this very picture (ITU-T H.264 annex D.1.8): from it on all
 * pictures come out right, without an IDR picture.
 *
 * @param sei the unit or its beginning
 */
export function isRecoveryPoint(sei: Uint8Array): boolean {
  const raw = rawPayload(sei);
  for (let at = 1; at + 2 < raw.length; ) {
    let [type, size] = [0, 0];
    while (raw[at] === 255) {
      type += 255;
      at++;
    }
    type += raw[at++] ?? 0;
    while (raw[at] === 255) {
      size += 255;
      at++;
    }
    size += raw[at++] ?? 0;
    // `recovery_frame_cnt` is ue(v): a first bit of 1 says 0.
    if (type === 6) return ((raw[at] ?? 0) & 128) !== 0;
    at += size;
  }
  return false;
}

export type NalCodec = 'avc' | 'hevc';

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

/** Codec string for WebCodecs of a sequence parameter set (RFC 6381; ISO/IEC 14496-15 annex E). */
export function codecString(codec: NalCodec, sps: Uint8Array): string {
  const hex = (byte: number | undefined) => (byte ?? 0).toString(16).padStart(2, '0');
  if (codec === 'avc') return `avc1.${hex(sps[1])}${hex(sps[2])}${hex(sps[3])}`;
  const raw = rawPayload(sps.subarray(0, 32));
  const [profile, level] = [raw[3] ?? 0, raw[14] ?? 0];
  let flags = 0;
  for (let i = 0; i < 32; i++) flags = flags * 2 + (((raw[4 + ((31 - i) >> 3)] ?? 0) >> (i & 7)) & 1);
  const space = ['', 'A', 'B', 'C'][profile >> 6];
  const constraints = [...raw.subarray(8, 14)].map((byte) => byte.toString(16).toUpperCase());
  while (constraints.length > 0 && constraints.at(-1) === '0') constraints.pop();
  return [
    'hev1',
    `${space}${profile & 31}`,
    flags.toString(16).toUpperCase(),
    `${profile & 32 ? 'H' : 'L'}${level}`,
    ...constraints,
  ].join('.');
}
