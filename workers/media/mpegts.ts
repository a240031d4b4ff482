/** MPEG-TS: the packet index of the video stream. The file is read once, from front to back, for its access units. */
import { CodedError } from '../../core/errors.ts';
import { AccessUnits, UNIT_HEAD } from './access-units.ts';
import type { NamedBlob } from './bytes.ts';
import { type PacketGrid, type TsPacket, tsPackets } from './mpegts-packets.ts';
import { programmeOf } from './mpegts-streams.ts';
import { ClockBreaks, type PesStamp, restartsOf, TIMESCALE, timesOf } from './mpegts-times.ts';
import { annexBUnits, codecString, type NalCodec } from './nal.ts';
import { noVideo } from './no-video.ts';
import { MAX_PACKETS, type PacketIndex, type PacketTable } from './packet-index.ts';
import { bestStream } from './stream-choice.ts';

/** Bytes of one read for packets that lie far apart. */
const LARGEST_READ = 4 << 20;
/** `stream_id` of video (ISO/IEC 13818-1 table 2-22). */
const isVideoStream = (id: number) => id >= 0xe0 && id <= 0xef;

/** One elementary stream: its bytes in the file, its access units, and their times. */
class ElementaryStream {
  readonly units: AccessUnits;
  /** Bytes of the stream so far. */
  length = 0;
  /** PES packets that state a time. */
  readonly stamps: PesStamp[] = [];
  scrambled = false;
  /** Transport packets that have not been searched to the end: offset of the bytes in the stream, of the packet in the file. */
  private pieces: { readonly start: number; readonly at: number; readonly bytes: Uint8Array }[] = [];
  private searched = 0;
  /** Bytes of a PES header that go on in the next packet. */
  private header = 0;
  private begun = false;

  constructor(codec: NalCodec) {
    this.units = new AccessUnits(codec);
  }

  add(at: number, { starts, scrambled, payload }: TsPacket): void {
    this.scrambled ||= scrambled;
    if (starts) {
      const pes = pesOf(payload);
      if (!pes) return;
      this.begun = true;
      this.header = pes.header;
      if (pes.pts !== null) this.stamps.push({ start: this.length, pts: pes.pts, dts: pes.dts });
    } else if (!this.begun) return;
    const skipped = Math.min(this.header, payload.length);
    this.header -= skipped;
    if (skipped === payload.length) return;
    const bytes = payload.subarray(skipped);
    this.pieces.push({ start: this.length, at, bytes });
    this.length += bytes.length;
  }

  /** Searches the bytes added since the last search for units; those whose head may go on are left for the next one. */
  search(all: boolean): void {
    const { pieces } = this;
    const base = pieces[0]?.start ?? this.length;
    const bytes = joined(pieces.map((piece) => piece.bytes));
    const end = all ? bytes.length - 3 : bytes.length - 3 - UNIT_HEAD;
    let at = this.searched - base;
    let piece = 0;
    while (at < end) {
      if (bytes[at + 2]! > 1) at += 3;
      else if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) {
        const start = base + at;
        while (piece + 1 < pieces.length && pieces[piece + 1]!.start <= start) piece++;
        const holder = pieces[piece]!;
        const tail = holder.start + holder.bytes.length - start;
        const [head] = annexBUnits(bytes.subarray(at, at + 3 + UNIT_HEAD));
        if (head) this.units.unit({ start, at: holder.at, tail }, head);
        at += 3;
      } else at++;
    }
    this.searched = base + Math.max(at, 0);
    this.pieces = pieces
      .filter(({ start, bytes: piece }) => start + piece.length > this.searched)
      // Copies: the block of the file that they lie in is let go.
      .map((one) => ({ ...one, bytes: one.bytes.slice() }));
    if (all) this.units.end();
  }
}

interface PesHeader {
  /** Bytes. */
  readonly header: number;
  /** Ticks; null where they are not stated. */
  readonly pts: number | null;
  readonly dts: number | null;
}

/** @returns null where no PES packet of video begins */
function pesOf(bytes: Uint8Array): PesHeader | null {
  if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 1 || !isVideoStream(bytes[3] ?? 0)) return null;
  const header = 9 + (bytes[8] ?? 0);
  const flags = (bytes[7] ?? 0) >> 6;
  const stamp = (at: number): number => {
    const high = (bytes[at]! >> 1) & 7;
    const middle = (bytes[at + 1]! << 7) | (bytes[at + 2]! >> 1);
    const low = (bytes[at + 3]! << 7) | (bytes[at + 4]! >> 1);
    return high * 2 ** 30 + middle * 2 ** 15 + low;
  };
  return {
    header,
    pts: flags >= 2 && bytes.length >= 14 ? stamp(9) : null,
    dts: flags === 3 && bytes.length >= 19 ? stamp(14) : null,
  };
}

/**
 * @param grid where the packets of the file lie
 * @throws CodedError `media/no-video`, `codec`, `encrypted`, `no-frames`
 */
export async function indexMpegTs(file: NamedBlob, grid: PacketGrid): Promise<PacketIndex> {
  const programme = await programmeOf(file, grid);
  const streams = new Map<number, { readonly codec: NalCodec; readonly stream: ElementaryStream }>();
  for (const [pid, codec] of programme.video)
    streams.set(pid, { codec, stream: new ElementaryStream(codec) });
  if (streams.size === 0)
    throw programme.undecoded
      ? new CodedError('media/codec', { codec: programme.undecoded })
      : noVideo(programme.sound ? ['sound'] : []);
  const breaks = new ClockBreaks();
  for await (const packets of tsPackets(file, grid, grid.start)) {
    for (const [at, packet] of packets) {
      breaks.add(at, packet);
      streams.get(packet.pid)?.stream.add(at, packet);
    }
    for (const { stream } of streams.values()) stream.search(false);
  }
  const candidates = [...streams].map(([pid, { codec, stream }]) => {
    stream.search(true);
    return { pid, codec, stream, table: tableOf(stream) };
  });
  const chosen =
    candidates[
      bestStream(
        candidates.map(({ stream, table }) => ({
          isDefault: false,
          impaired: false,
          packets: table.size.length,
          bytes: stream.length,
          seconds: spanOf(table),
        })),
      )
    ]!;
  const { pid, codec, stream, table } = chosen;
  const { firstSps } = stream.units;
  if (stream.scrambled && !firstSps) throw new CodedError('media/encrypted');
  if (table.size.length === 0) throw new CodedError('media/no-frames');
  return {
    container: 'mpegts',
    codec: firstSps ? codecString(codec, firstSps) : codec === 'avc' ? 'avc1.640028' : 'hev1.1.6.L120.B0',
    codedWidth: 0,
    codedHeight: 0,
    ...(firstSps ? { parameterSet: firstSps } : {}),
    ...(stream.units.fieldCoded ? { fieldCoded: true } : {}),
    rotation: 0,
    colour: {},
    packets: table,
    restarts: restartsOf(stream.units.list, stream.stamps, breaks.at),
    missing: 0,
    // A player starts where the file starts, which is anywhere.
    playerOffset:
      -table.pts.reduce((first, pts) => Math.min(first, pts), Number.POSITIVE_INFINITY) / TIMESCALE,
    lastDuration: 0,
    ...packetReader(file, grid, pid, stream),
  };
}

function spanOf({ pts, timescale }: PacketTable): number {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const time of pts) {
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  return Math.max(0, (last - first) / timescale);
}

function tableOf({ units, stamps, length }: ElementaryStream): PacketTable {
  const { list } = units;
  if (list.length > MAX_PACKETS) throw new RangeError(`More than ${MAX_PACKETS} packets.`);
  const startOf = (i: number) => list[i]?.position.start ?? length;
  return {
    timescale: TIMESCALE,
    offset: new Float64Array(list.length).fill(-1),
    size: Uint32Array.from(list, ({ position }, i) => startOf(i + 1) - position.start),
    pts: timesOf(list, stamps),
    key: Uint8Array.from(list, ({ key }, i) => (key || i === 0 ? 1 : 0)),
  };
}

/** Reads access units from the transport packets that hold them. */
function packetReader(
  file: NamedBlob,
  grid: PacketGrid,
  pid: number,
  { units, length }: ElementaryStream,
): Pick<PacketIndex, 'read' | 'readRun'> {
  const { list } = units;
  const startOf = (d: number) => list[d]?.position.start ?? length;
  const readRun = async (from: number, to: number): Promise<Uint8Array[]> => {
    if (to <= from) return [];
    const { at, tail, start } = list[from]!.position;
    const wanted = startOf(to) - start;
    const block = (list[to]?.position.at ?? file.size) - at + grid.stride;
    const pieces: Uint8Array[] = [];
    let [bytes, header] = [0, 0];
    for await (const packets of tsPackets(file, grid, at, Math.min(block, LARGEST_READ))) {
      for (const [, packet] of packets) {
        if (packet.pid !== pid || bytes >= wanted) continue;
        let { payload } = packet;
        if (pieces.length === 0) payload = payload.subarray(payload.length - tail);
        else {
          if (packet.starts) header = pesOf(payload)?.header ?? payload.length;
          const skipped = Math.min(header, payload.length);
          header -= skipped;
          payload = payload.subarray(skipped);
        }
        pieces.push(payload);
        bytes += payload.length;
      }
      if (bytes >= wanted) break;
    }
    if (bytes < wanted) throw new CodedError('media/changed', { name: file.name });
    const run = joined(pieces);
    return Array.from({ length: to - from }, (_, i) =>
      run.subarray(startOf(from + i) - start, startOf(from + i + 1) - start),
    );
  };
  return { readRun, read: async (d) => (await readRun(d, d + 1))[0]! };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
