/** Transport packets of MPEG-TS (ISO/IEC 13818-1 §2.4.3): where they lie in a file, and what is in each. */
import { type NamedBlob, readRange } from './bytes.ts';
import { viewOf } from './mp4-boxes.ts';

export const TS_PACKET = 188;
const SYNC = 0x47;
/** Distance of packets in bytes: plain, behind a time of four bytes, before an error correction of 16. */
const STRIDES = [188, 192, 204];
/** Packets in a row that must begin with the sync byte. */
const PROOF = 5;
/** Bytes in which a packet must begin, where packets are searched again. */
const SEARCHED = 204;
/** The same at the start of a file: recorders and downloads put other bytes before the stream. */
const SEARCHED_FIRST = 1024;
/** Bytes of a file's start in which its packets are found. */
export const TS_HEAD = SEARCHED_FIRST + PROOF * 204;
/** Bytes of one read. */
const BLOCK = 1 << 21;

export interface PacketGrid {
  /** Offset of the first sync byte. */
  readonly start: number;
  readonly stride: number;
}

/**
 * The packets in a piece of a file that may begin inside one.
 *
 * @param searched bytes in which the first one begins; by default those of the start of a file
 * @returns null where there are none
 */
export function packetGrid(bytes: Uint8Array, searched = SEARCHED_FIRST): PacketGrid | null {
  for (let start = 0; start < Math.min(bytes.length, searched); start++) {
    if (bytes[start] !== SYNC) continue;
    for (const stride of STRIDES) {
      let packets = 1;
      while (packets < PROOF && bytes[start + packets * stride] === SYNC) packets++;
      const whole = packets > 1 && start + packets * stride >= bytes.length;
      if (packets === PROOF || (whole && start <= 4)) return { start, stride };
    }
  }
  return null;
}

export interface TsPacket {
  readonly pid: number;
  /** A PES packet or a table section begins in it. */
  readonly starts: boolean;
  readonly scrambled: boolean;
  /** `continuity_counter`, by which the packets of one id that have a payload are counted modulo 16. */
  readonly counter: number;
  /** `program_clock_reference_base` in ticks of 90 kHz; null where the packet states none. */
  readonly clock: number | null;
  /** May be empty. */
  readonly payload: Uint8Array;
}

/** @returns null where the bytes are no packet */
export function parsePacket(bytes: Uint8Array): TsPacket | null {
  if (bytes.length < TS_PACKET || bytes[0] !== SYNC || (bytes[1]! & 0x80) !== 0) return null;
  const control = (bytes[3]! >> 4) & 3;
  if (control === 0) return null;
  const adaptation = control & 2 ? 1 + bytes[4]! : 0;
  if (4 + adaptation > TS_PACKET) return null;
  const stated = adaptation > 6 && (bytes[5]! & 0x10) !== 0;
  return {
    pid: ((bytes[1]! & 31) << 8) | bytes[2]!,
    starts: (bytes[1]! & 0x40) !== 0,
    scrambled: (bytes[3]! & 0xc0) !== 0,
    counter: bytes[3]! & 15,
    clock: stated ? viewOf(bytes).getUint32(6) * 2 + (bytes[10]! >> 7) : null,
    payload: bytes.subarray(control & 1 ? 4 + adaptation : TS_PACKET, TS_PACKET),
  };
}

/**
 * Packets of a file from an offset on, each with its own offset. Where the sync byte is missing, the next packets are
 * searched.
 *
 * @param from offset of a packet
 * @throws CodedError `media/changed`
 */
export async function* tsPackets(
  file: NamedBlob,
  { stride }: Pick<PacketGrid, 'stride'>,
  from: number,
  block = BLOCK,
): AsyncGenerator<readonly [at: number, packet: TsPacket][]> {
  for (let at = from; at + TS_PACKET <= file.size; ) {
    const bytes = await readRange(file, at, at + block);
    const packets: [number, TsPacket][] = [];
    let i = 0;
    while (i + TS_PACKET <= bytes.length) {
      if (bytes[i] !== SYNC) {
        i += packetGrid(bytes.subarray(i), SEARCHED)?.start ?? SEARCHED;
        continue;
      }
      const packet = parsePacket(bytes.subarray(i, i + TS_PACKET));
      if (packet) packets.push([at + i, packet]);
      i += stride;
    }
    yield packets;
    at += i;
  }
}
