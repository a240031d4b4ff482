/** Programme of an MPEG-TS file: its video streams, as the tables name them or as their bytes show. */
import type { NamedBlob } from './bytes.ts';
import { type PacketGrid, type TsPacket, tsPackets } from './mpegts-packets.ts';
import { annexBUnits, type NalCodec } from './nal.ts';

/** `stream_type` of ISO/IEC 13818-1 table 2-34 that WebCodecs decodes. */
const DECODED: Readonly<Record<number, NalCodec>> = { 27: 'avc', 36: 'hevc' };
/** Video that no browser decodes, of that table and of its users. */
const UNDECODED: Readonly<Record<number, string>> = {
  1: 'MPEG-1',
  2: 'MPEG-2',
  16: 'MPEG-4 Visual',
  51: 'VVC',
  66: 'AVS',
  210: 'AVS2',
  212: 'AVS3',
  234: 'VC-1',
};

/** Sound: MPEG layers, AAC, AC-3. */
const SOUND: ReadonlySet<number> = new Set([3, 4, 15, 17, 129, 135]);

export interface Programme {
  /** Codec of each packet id with video that can be decoded. */
  readonly video: ReadonlyMap<number, NalCodec>;
  /** Name of the first video stream that cannot be decoded. */
  readonly undecoded: string | null;
  readonly sound: boolean;
}

/**
 * Reads up to the first programme map that lists video. A file without one is a piece of a recording: then the streams
 * are known by their first units.
 */
export async function programmeOf(file: NamedBlob, grid: PacketGrid): Promise<Programme> {
  const maps = new Set<number>();
  const guessed = new Map<number, NalCodec>();
  let sound = false;
  for await (const packets of tsPackets(file, grid, grid.start)) {
    for (const [, packet] of packets) {
      const { pid } = packet;
      if (pid === 0) for (const map of mapsOf(sectionOf(packet))) maps.add(map);
      else if (maps.has(pid)) {
        const programme = programmeIn(sectionOf(packet));
        if (programme.video.size > 0 || programme.undecoded !== null) return programme;
        sound ||= programme.sound;
      } else if (!guessed.has(pid)) {
        const codec = codecIn(packet);
        if (codec) guessed.set(pid, codec);
      }
    }
  }
  return { video: guessed, undecoded: null, sound };
}

/** Codec of a PES packet that begins with parameter sets; null where that cannot be seen. */
function codecIn({ starts, payload }: TsPacket): NalCodec | null {
  if (!starts || payload[0] !== 0 || payload[1] !== 0 || payload[2] !== 1 || payload[3]! >> 4 !== 14)
    return null;
  for (const unit of annexBUnits(payload.subarray(9 + (payload[8] ?? 0)))) {
    const head = unit[0] ?? 0;
    if ((head & 0x9f) === 7) return 'avc'; // sequence parameter set
    if ((head & 0xfe) === 64 || (head & 0xfe) === 66) return 'hevc'; // video or sequence parameter set
  }
  return null;
}

function programmeIn(section: Uint8Array): Programme {
  const video = new Map<number, NalCodec>();
  let undecoded: string | null = null;
  let sound = false;
  for (const { type, pid } of streamsOf(section)) {
    const codec = DECODED[type];
    if (codec) video.set(pid, codec);
    undecoded ??= UNDECODED[type] ?? null;
    sound ||= SOUND.has(type);
  }
  return { video, undecoded, sound };
}

/** The table section that starts in a packet, without its checksum; empty where none does. */
function sectionOf({ starts, payload }: TsPacket): Uint8Array {
  const from = 1 + (payload[0] ?? 0);
  if (!starts || from + 3 > payload.length) return payload.subarray(0, 0);
  const size = ((payload[from + 1]! & 15) << 8) | payload[from + 2]!;
  return payload.subarray(from, Math.max(from, Math.min(payload.length, from + 3 + size - 4)));
}

/** Packet ids of the programme maps that a programme association names. */
function* mapsOf(section: Uint8Array): Generator<number> {
  for (let at = 8; at + 4 <= section.length; at += 4) {
    const programme = (section[at]! << 8) | section[at + 1]!;
    if (programme !== 0) yield ((section[at + 2]! & 31) << 8) | section[at + 3]!;
  }
}

/** Streams that a programme map lists. */
function* streamsOf(section: Uint8Array): Generator<{ readonly type: number; readonly pid: number }> {
  if (section.length < 12 || section[0] !== 2) return;
  for (let at = 12 + (((section[10]! & 15) << 8) | section[11]!); at + 5 <= section.length; ) {
    yield { type: section[at]!, pid: ((section[at + 1]! & 31) << 8) | section[at + 2]! };
    at += 5 + (((section[at + 3]! & 15) << 8) | section[at + 4]!);
  }
}
