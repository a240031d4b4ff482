/** MP4, MOV and fragmented MP4: the packet index of the video track. */
import type { ISOFile } from 'mp4box';
import { CodedError } from '../../core/errors.ts';
import { type NamedBlob, readRange } from './bytes.ts';
import { isQuickTime } from './container.ts';
import { type Mp4File, readMp4 } from './mp4-file.ts';
import { PacketColumns, type TrackRun } from './mp4-samples.ts';
import type { ContainerColour, PacketIndex, PacketTable } from './packet-index.ts';
import { bestStream } from './stream-choice.ts';

type Trak = ISOFile['moov']['traks'][number];
type Traf = ISOFile['moofs'][number]['trafs'][number];

/** The fields of a visual sample entry that are used; mp4box types its boxes too widely to be read directly. */
interface VisualEntry {
  readonly type: string;
  readonly width?: number;
  readonly height?: number;
  readonly boxes?: readonly RawBox[];
  readonly sinf?: unknown;
  readonly sinfs?: readonly unknown[];
  getCodec?(): string;
}

interface RawBox {
  readonly type: string;
  readonly start: number;
  readonly size: number;
}

/** Entry types whose configuration box WebCodecs takes as `description`. */
const CONFIGURATION: Readonly<Record<string, string>> = {
  avc1: 'avcC',
  avc3: 'avcC',
  hvc1: 'hvcC',
  hev1: 'hvcC',
};

/**
 * @param head first bytes of the file
 * @throws CodedError `media/container`, `truncated`, `encrypted`, `no-video`, `no-frames`
 */
export async function indexMp4(file: NamedBlob, head: Uint8Array): Promise<PacketIndex> {
  const mp4 = await readMp4(file);
  const traks = (mp4.moov.traks ?? []).filter((trak) => trak.mdia?.hdlr?.handler === 'vide');
  if (traks.length === 0) throw new CodedError('media/no-video');
  const described = traks.filter((trak) => entryOf(trak) !== undefined);
  if (described.length === 0) throw new CodedError('media/container', { looksLike: 'a damaged MP4' });
  const tracks = described.map((trak) => {
    const columns = columnsOf(mp4, trak);
    const timescale = trak.mdia.mdhd?.timescale || 1;
    return { trak, columns, ...columns.table(timescale, file.size), seconds: columns.duration / timescale };
  });
  const chosen =
    tracks[
      bestStream(
        tracks.map(({ trak, packets, seconds }) => ({
          isDefault: ((trak.tkhd?.flags ?? 1) & 1) !== 0,
          impaired: false,
          packets: packets.size.length,
          bytes: packets.size.reduce((sum, size) => sum + size, 0),
          seconds,
        })),
      )
    ]!;
  const { trak, packets } = chosen;
  const entry = entryOf(trak)!;
  if (entry.type === 'encv' || entry.sinf || entry.sinfs?.length) throw new CodedError('media/encrypted');
  const missing = chosen.missing + missingFragments(mp4, chosen.seconds, chosen.columns.length);
  if (packets.size.length === 0)
    throw missing > 0
      ? new CodedError('media/truncated', { present: 0, frames: missing })
      : new CodedError('media/no-frames');
  return {
    container: isQuickTime(head) ? 'mov' : 'mp4',
    codec: codecOf(entry),
    codedWidth: entry.width ?? 0,
    codedHeight: entry.height ?? 0,
    description: contentOf(mp4, entry, CONFIGURATION[entry.type]),
    rotation: rotationOf(mp4, trak),
    colour: colourOf(mp4, entry),
    packets,
    missing,
    playerOffset: playerOffset(mp4, trak),
    lastDuration: chosen.seconds / Math.max(1, chosen.columns.length),
    ...packetReader(file, packets),
  };
}

/** Sound between the pictures is read with them, up to as many bytes again. */
function packetReader(file: NamedBlob, { offset, size }: PacketTable): Pick<PacketIndex, 'read' | 'readRun'> {
  const read = (d: number) => readRange(file, offset[d]!, offset[d]! + size[d]!);
  return {
    read,
    async readRun(start, end) {
      let [from, to, bytes] = [Number.POSITIVE_INFINITY, 0, 0];
      for (let d = start; d < end; d++) {
        from = Math.min(from, offset[d]!);
        to = Math.max(to, offset[d]! + size[d]!);
        bytes += size[d]!;
      }
      const packets = Array.from({ length: end - start }, (_, i) => start + i);
      if (to - from > 2 * bytes) return Promise.all(packets.map(read));
      const span = await readRange(file, from, to);
      return packets.map((d) => span.subarray(offset[d]! - from, offset[d]! - from + size[d]!));
    },
  };
}

function entryOf(trak: Trak): VisualEntry | undefined {
  return trak.mdia?.minf?.stbl?.stsd?.entries?.[0] as VisualEntry | undefined;
}

/** WebCodecs' name of the codec, or the entry's four characters. */
function codecOf(entry: VisualEntry): string {
  if (entry.type === 'vp08') return 'vp8';
  try {
    return entry.getCodec?.() ?? entry.type;
  } catch {
    return entry.type; // its configuration box is missing
  }
}

/** Bytes inside a box of the sample entry, as they stand in the file. */
function contentOf(
  mp4: Mp4File,
  entry: VisualEntry,
  type: string | undefined,
): Uint8Array<ArrayBuffer> | undefined {
  const box = entry.boxes?.find((candidate) => candidate.type === type);
  return box && mp4.moovBytes.slice(box.start + 8, box.start + box.size);
}

/** `colr` of type `nclx` (MP4) or `nclc` (QuickTime, without range), else `vpcC`. */
function colourOf(mp4: Mp4File, entry: VisualEntry): ContainerColour {
  const colr = contentOf(mp4, entry, 'colr');
  if (colr && colr.length >= 10) {
    const kind = String.fromCharCode(...colr.subarray(0, 4));
    const view = new DataView(colr.buffer, colr.byteOffset);
    if (kind === 'nclx' || kind === 'nclc')
      return {
        transfer: view.getUint16(6),
        matrix: view.getUint16(8),
        fullRange: kind === 'nclx' && colr.length > 10 ? (colr[10]! & 128) !== 0 : undefined,
      };
  }
  const vpcc = contentOf(mp4, entry, 'vpcC');
  if (vpcc && vpcc.length >= 9 && vpcc[0] === 1)
    return { fullRange: (vpcc[6]! & 1) !== 0, transfer: vpcc[8]!, matrix: vpcc[9] };
  return {};
}

/** Turn of the track's matrix after the movie's, in clockwise quarter turns. */
function rotationOf(mp4: Mp4File, trak: Trak): PacketIndex['rotation'] {
  const turn = (matrix: ArrayLike<number> | undefined) =>
    matrix ? Math.round((Math.atan2(matrix[1] ?? 0, matrix[0] ?? 1) * 2) / Math.PI) : 0;
  const quarters = (((turn(trak.tkhd?.matrix) + turn(mp4.moov.mvhd?.matrix)) % 4) + 4) % 4;
  return ([0, 90, 180, 270] as const)[quarters]!;
}

/** Edit list: empty edits delay the start, the first real one begins at its media time. */
function playerOffset(mp4: Mp4File, trak: Trak): number {
  let delay = 0;
  for (const edit of trak.edts?.elst?.entries ?? []) {
    if (edit.media_time >= 0) return delay - edit.media_time / (trak.mdia.mdhd?.timescale || 1);
    delay += edit.segment_duration / (mp4.moov.mvhd?.timescale || 1);
  }
  return delay;
}

/** Frames of fragments that the end of the file cut off, estimated from the duration that the header promises. */
function missingFragments(mp4: Mp4File, seconds: number, packets: number): number {
  if (!mp4.endsEarly || mp4.fragments.length === 0 || packets === 0 || seconds <= 0) return 0;
  const scale = mp4.moov.mvhd?.timescale || 1;
  const promised = (mp4.moov.mvex?.mehd?.fragment_duration ?? mp4.moov.mvhd?.duration ?? 0) / scale;
  return Math.max(0, Math.round((promised - seconds) * (packets / seconds)));
}

function columnsOf(mp4: Mp4File, trak: Trak): PacketColumns {
  const columns = new PacketColumns();
  const stbl = trak.mdia?.minf?.stbl;
  if (stbl?.stsz && stbl.stsc && (stbl.stco || stbl.co64))
    columns.addTables({
      sizes: stbl.stsz.sample_sizes,
      chunkOffsets: (stbl.stco ?? stbl.co64)!.chunk_offsets,
      chunkRuns: stbl.stsc.first_chunk.map((first, i) => ({ first, count: stbl.stsc.samples_per_chunk[i]! })),
      durations: (stbl.stts?.sample_counts ?? []).map((count, i) => ({
        count,
        delta: stbl.stts.sample_deltas[i]!,
      })),
      // Writers put negative shifts into version 0 too: read them as signed, as ffmpeg does.
      shifts: (stbl.ctts?.sample_counts ?? []).map((count, i) => ({
        count,
        shift: stbl.ctts.sample_offsets[i]! | 0,
      })),
      sync: stbl.stss?.sample_numbers ?? null,
    });
  const track = trak.tkhd?.track_id;
  const defaults = mp4.moov.mvex?.trexs?.find((trex) => trex.track_id === track);
  for (const { moof, offset } of mp4.fragments)
    for (const traf of moof.trafs ?? [])
      if (traf.tfhd?.track_id === track)
        for (const run of runsOf(traf, offset, defaults)) columns.addRun(run);
  return columns;
}

const BASE_OFFSET = 0x1;
const HAS = { duration: 0x8, size: 0x10, flags: 0x20 };
const RUN = { offset: 0x1, firstFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, shift: 0x800 };

interface TrackDefaults {
  readonly default_sample_duration: number;
  readonly default_sample_size: number;
  readonly default_sample_flags: number;
}

function runsOf(traf: Traf, moofOffset: number, defaults: TrackDefaults | undefined): TrackRun[] {
  const head = traf.tfhd;
  const pick = (flag: number, explicit: number, inherited: number | undefined) =>
    head.flags & flag ? explicit : (inherited ?? 0);
  const duration = pick(HAS.duration, head.default_sample_duration, defaults?.default_sample_duration);
  const size = pick(HAS.size, head.default_sample_size, defaults?.default_sample_size);
  const flags = pick(HAS.flags, head.default_sample_flags, defaults?.default_sample_flags);
  const base = head.flags & BASE_OFFSET ? head.base_data_offset : moofOffset;
  return (traf.truns ?? []).map((run, i) => ({
    count: run.sample_count,
    offset: run.flags & RUN.offset ? base + run.data_offset : i === 0 ? base : null,
    time: i === 0 ? (traf.tfdt?.baseMediaDecodeTime ?? null) : null,
    size: (i) => (run.flags & RUN.size ? (run.sample_size[i] ?? 0) : size),
    duration: (i) => (run.flags & RUN.duration ? (run.sample_duration[i] ?? 0) : duration),
    shift: (i) => (run.flags & RUN.shift ? (run.sample_composition_time_offset[i] ?? 0) | 0 : 0),
    flags: (i) =>
      run.flags & RUN.flags
        ? (run.sample_flags[i] ?? 0)
        : i === 0 && run.flags & RUN.firstFlags
          ? run.first_sample_flags
          : flags,
  }));
}
