/** Video streams of an MPEG-TS file that mediabunny leaves out, since no browser decodes them. */
import { type NamedBlob, readRange } from './bytes.ts';

const SYNC = 0x47;
/** Tables are repeated every tenth of a second; this many bytes hold them at any rate. */
const SEARCHED = 512 << 10;

/** `stream_type` of ISO/IEC 13818-1 table 2-34, and of its users. */
const STREAM_TYPES: Readonly<Record<number, string>> = {
  1: 'MPEG-1',
  2: 'MPEG-2',
  16: 'MPEG-4 Visual',
  51: 'VVC',
  66: 'AVS',
  210: 'AVS2',
  212: 'AVS3',
  234: 'VC-1',
};

/** Name of the first such stream in the file's programme map; null where there is none. */
export async function undecodedStream(file: NamedBlob): Promise<string | null> {
  const bytes = await readRange(file, 0, SEARCHED);
  // Recordings put a time of four bytes before each packet of 188.
  const [start, length] = bytes[0] === SYNC && bytes[188] === SYNC ? [0, 188] : [4, 192];
  const maps = new Set<number>();
  for (let at = start; at + 188 <= bytes.length; at += length) {
    const packet = bytes.subarray(at, at + 188);
    const pid = ((packet[1]! & 31) << 8) | packet[2]!;
    if (packet[0] !== SYNC || (pid !== 0 && !maps.has(pid))) continue;
    const section = sectionOf(packet);
    if (pid === 0) for (const map of mapsOf(section)) maps.add(map);
    else for (const type of typesOf(section)) if (STREAM_TYPES[type]) return STREAM_TYPES[type];
  }
  return null;
}

/** The table section that starts in a packet, without its checksum; empty where none does. */
function sectionOf(packet: Uint8Array): Uint8Array {
  const starts = (packet[1]! & 0x40) !== 0;
  const adaptation = (packet[3]! & 0x20) !== 0 ? 1 + packet[4]! : 0;
  const at = 4 + adaptation;
  const from = at + 1 + (packet[at] ?? 0);
  if (!starts || from + 3 > packet.length) return packet.subarray(0, 0);
  const size = ((packet[from + 1]! & 15) << 8) | packet[from + 2]!;
  return packet.subarray(from, Math.max(from, Math.min(packet.length, from + 3 + size - 4)));
}

/** Packet ids of the programme maps that a programme association names. */
function* mapsOf(section: Uint8Array): Generator<number> {
  for (let at = 8; at + 4 <= section.length; at += 4) {
    const programme = (section[at]! << 8) | section[at + 1]!;
    if (programme !== 0) yield ((section[at + 2]! & 31) << 8) | section[at + 3]!;
  }
}

/** Stream types that a programme map lists. */
function* typesOf(section: Uint8Array): Generator<number> {
  if (section.length < 12) return;
  for (let at = 12 + (((section[10]! & 15) << 8) | section[11]!); at + 5 <= section.length; ) {
    yield section[at]!;
    at += 5 + (((section[at + 3]! & 15) << 8) | section[at + 4]!);
  }
}
