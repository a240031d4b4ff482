/** MP4, MOV and fragmented MP4: the packet index of the video track. */
import { CodedError } from '../../core/errors.ts';
import type { MediaNotice } from '../../core/text/media-notices.ts';
import { type NamedBlob, readRange } from './bytes.ts';
import { isQuickTime } from './container.ts';
import { externalMedia, referencedMovie } from './data-reference.ts';
import { joinable, joined, unread } from './joined-recordings.ts';
import { BoxFaults, boxAt, boxesOf, fourCharacters, viewOf } from './mp4-boxes.ts';
import { configurationOf, hasStartCode, readVisualEntry, type VisualEntry } from './mp4-entry.ts';
import { type Mp4File, readMp4 } from './mp4-file.ts';
import { PacketColumns, refuseImpossible } from './mp4-samples.ts';
import { readDefaults, readRuns, readTables } from './mp4-tables.ts';
import { annexBUnits } from './nal.ts';
import { noVideo, refuseCover } from './no-video.ts';
import type { PacketIndex, PacketTable } from './packet-index.ts';
import { bestStream } from './stream-choice.ts';

type Bytes = Uint8Array<ArrayBuffer>;

interface Track {
  readonly trak: Bytes;
  readonly id: number;
  /** Flag of `tkhd`: the track is presented. */
  readonly enabled: boolean;
  /** Units of decode time in a second. */
  readonly timescale: number;
  /** Length in seconds as the headers state it; 0 where they do not. */
  readonly stated: number;
  readonly entry: VisualEntry | null;
  readonly columns: PacketColumns;
}

/**
 * @param head first bytes of the file
 * @throws CodedError `media/container`, `truncated`, `segment`, `encrypted`, `external`, `index`, `cover`, `no-video`,
 * `no-frames`
 */
export async function indexMp4(file: NamedBlob, head: Uint8Array): Promise<PacketIndex> {
  const mp4 = await readMp4(file);
  if (mp4.next === null) return indexOf(mp4, file, head);
  const { next } = mp4;
  const first = new File([file.slice(0, next)], file.name);
  const rest = new File([file.slice(next)], file.name);
  const index = await indexOf({ ...mp4, next: null }, first, head);
  return withRest(index, await indexMp4(rest, head).catch(faultOf));
}

/** The code of an error of a demuxer. */
function faultOf(error: unknown): string {
  if (error instanceof CodedError) return error.code;
  throw error;
}

/** Recordings one after the other. Segments that repeat their header go on with the clock of the first. */
function withRest(index: PacketIndex, rest: PacketIndex | string): PacketIndex {
  if (rest === 'media/no-frames') return index; // a header alone
  if (typeof rest === 'string' || !joinable(index, rest)) return unread(index);
  const whole = joined(index, rest);
  const goesOn = latest(index.packets.pts) < earliest(rest.packets.pts);
  return goesOn
    ? {
        ...whole,
        restarts: [
          ...(index.restarts ?? []),
          ...(rest.restarts ?? []).map((d) => d + index.packets.size.length),
        ],
      }
    : whole;
}

const latest = (times: Float64Array) => times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
const earliest = (times: Float64Array) => times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

/** The index of one recording. */
async function indexOf(mp4: Mp4File, file: NamedBlob, head: Uint8Array): Promise<PacketIndex> {
  const faults = new BoxFaults();
  const track = chooseTrack(mp4, file, faults);
  const { entry, columns, timescale, trak } = track;
  if (!entry) throw new CodedError('media/container', { looksLike: 'a damaged MP4' });
  if (entry.encrypted) throw new CodedError('media/encrypted');
  const name = externalMedia(boxAt(trak, 'mdia', 'minf'), entry.dataReference);
  if (name !== null) throw new CodedError('media/external', { name });
  const seconds = columns.duration / timescale;
  const listed = columns.length + columns.missing;
  const missing = columns.missing + missingFragments(mp4, seconds, listed);
  if (columns.length === 0)
    throw missing > 0
      ? new CodedError('media/truncated', { present: 0, frames: missing })
      : new CodedError('media/no-frames');
  const sound = boxesOf(mp4.moov, 'trak').some((trak) => handlerOf(trak) === 'soun');
  refuseCover({ codec: entry.codec, packets: columns.length, seconds, sound });
  const packets = columns.table(timescale);
  const reader = packetReader(file, packets);
  const format = await packetFormat(entry, packets, reader);
  const offset = faults.tolerate('elst', () => playerOffset(mp4, track, faults), 0);
  return {
    container: isQuickTime(head) ? 'mov' : 'mp4',
    codec: entry.codec,
    codedWidth: entry.width,
    codedHeight: entry.height,
    description: format.description,
    ...orientationOf(mp4, trak),
    colour: entry.colour,
    pixelShape: entry.pixelShape,
    packets,
    missing,
    untimed: columns.untimed,
    playerOffset: columns.untimed ? 0 : offset,
    lastDuration: columns.lastDuration / timescale,
    statedDuration: track.stated,
    notices: noticesOf(faults),
    read: format.read,
    readRun: format.readRun,
  };
}

/** The video track that is assessed. */
function chooseTrack(mp4: Mp4File, file: NamedBlob, faults: BoxFaults): Track {
  const handlers = boxesOf(mp4.moov, 'trak').map((trak) => ({ trak, handler: handlerOf(trak) }));
  const traks = handlers.filter(({ handler }) => handler === 'vide').map(({ trak }) => trak);
  if (traks.length === 0) {
    const name = referencedMovie(mp4.moov);
    if (name !== null) throw new CodedError('media/external', { name });
    throw noVideo(handlers.map(({ handler }) => KINDS[handler]));
  }
  const tracks = traks.map((trak) => readTrack(mp4, trak, file, faults));
  const described = tracks.filter(({ entry }) => entry !== null);
  if (described.length === 0) return tracks[0]!;
  const best = bestStream(
    described.map(({ enabled, columns, timescale }) => ({
      isDefault: enabled,
      impaired: false,
      packets: columns.length,
      bytes: columns.bytes,
      seconds: columns.duration / timescale,
    })),
  );
  return described[best]!;
}

/** Kinds of track by the handler. */
const KINDS: Readonly<Record<string, 'sound' | 'subtitles'>> = {
  soun: 'sound',
  subt: 'subtitles',
  sbtl: 'subtitles',
  text: 'subtitles',
  clcp: 'subtitles',
};

/** Handler of a track; one without a handler that has a video header shows video. */
function handlerOf(trak: Bytes): string {
  const hdlr = boxAt(trak, 'mdia', 'hdlr');
  if (hdlr && hdlr.length >= 12) return fourCharacters(hdlr, 8);
  return boxAt(trak, 'mdia', 'minf', 'vmhd') ? 'vide' : '';
}

function readTrack(mp4: Mp4File, trak: Bytes, file: NamedBlob, faults: BoxFaults): Track {
  const stbl = boxAt(trak, 'mdia', 'minf', 'stbl');
  const movie = clockOf(boxAt(mp4.moov, 'mvhd'), 'mvhd', faults);
  const media = clockOf(boxAt(trak, 'mdia', 'mdhd'), 'mdhd', faults);
  const timescale = media.timescale || movie.timescale || 1;
  const tkhd = boxAt(trak, 'tkhd');
  const id = tkhd ? faults.tolerate('tkhd', () => viewOf(tkhd).getUint32(tkhd[0] === 1 ? 20 : 12), 0) : 0;
  const columns = new PacketColumns(file.size);
  const tables = stbl && readTables(stbl, faults);
  const defaults = readDefaults(boxAt(mp4.moov, 'mvex'), faults);
  let frames = tables?.sizes.length ?? 0;
  refuseImpossible(frames, mp4.bytes);
  if (tables) columns.addTables(tables);
  for (const { moof, offset } of mp4.fragments)
    for (const run of readRuns(moof, offset, id, defaults, faults)) {
      frames += run.count;
      refuseImpossible(frames, mp4.bytes);
      columns.addRun(run);
    }
  return {
    trak,
    id,
    enabled: ((tkhd?.[3] ?? 1) & 1) !== 0,
    timescale,
    stated: media.duration / timescale || movie.duration / (movie.timescale || 1),
    entry: readVisualEntry(boxAt(stbl, 'stsd'), faults),
    columns,
  };
}

/** Timescale and duration of `mvhd` and `mdhd`, which have them in the same places; a duration of all ones is none. */
function clockOf(
  box: Bytes | undefined,
  type: string,
  faults: BoxFaults,
): { readonly timescale: number; readonly duration: number } {
  const none = { timescale: 0, duration: 0 };
  if (!box) return none;
  const view = viewOf(box);
  return faults.tolerate(
    type,
    () => {
      const long = box[0] === 1;
      const duration = long ? Number(view.getBigUint64(24)) : view.getUint32(16);
      const unknown = long ? duration >= 2 ** 63 : duration === 0xffff_ffff;
      return { timescale: view.getUint32(long ? 20 : 12), duration: unknown ? 0 : duration };
    },
    none,
  );
}

function noticesOf(faults: BoxFaults): MediaNotice[] {
  if (faults.types.size === 0) return [];
  return [{ code: 'faulty-boxes', params: { boxes: [...faults.types].join(', ') } }];
}

type PacketReader = Pick<PacketIndex, 'read' | 'readRun'>;

/** Sound between the pictures is read with them, up to as many bytes again. */
function packetReader(file: NamedBlob, { offset, size }: PacketTable): PacketReader {
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

/**
 * Packets as a decoder takes them. Where the configuration was written with start codes, packets with lengths get a
 * configuration of its parameter sets, and packets with start codes get the sets themselves before each key packet.
 */
async function packetFormat(
  { description, parameterSets }: VisualEntry,
  packets: PacketTable,
  reader: PacketReader,
): Promise<PacketReader & Pick<PacketIndex, 'description'>> {
  if (!parameterSets) return { ...reader, description };
  if (!hasStartCode(await reader.read(0))) return { ...reader, description: configurationOf(parameterSets) };
  const sets = Uint8Array.from(parameterSets.flatMap((set) => [0, 0, 0, 1, ...set]));
  const complete = (packet: Uint8Array, d: number): Uint8Array => {
    const carries = packets.key[d] === 0 || [...annexBUnits(packet)].some((unit) => (unit[0]! & 31) === 7);
    return carries ? packet : Uint8Array.from([...sets, ...packet]);
  };
  return {
    description: undefined,
    read: async (d) => complete(await reader.read(d), d),
    readRun: async (start, end) =>
      (await reader.readRun(start, end)).map((packet, i) => complete(packet, start + i)),
  };
}

/** Linear part of a transformation: x' = a·x + c·y, y' = b·x + d·y. */
type Matrix = readonly [a: number, b: number, c: number, d: number];

/** The track's matrix and then the movie's, as clockwise quarter turns and a mirror after them. */
function orientationOf(mp4: Mp4File, trak: Bytes): Pick<PacketIndex, 'rotation' | 'mirrored'> {
  const [tkhd, mvhd] = [boxAt(trak, 'tkhd'), boxAt(mp4.moov, 'mvhd')];
  const [ta, tb, tc, td] = matrixAt(tkhd, tkhd?.[0] === 1 ? 52 : 40);
  const [ma, mb, mc, md] = matrixAt(mvhd, mvhd?.[0] === 1 ? 48 : 36);
  const [a, b] = [ta * ma + tb * mc, ta * mb + tb * md];
  const [c, d] = [tc * ma + td * mc, tc * mb + td * md];
  const mirrored = a * d - b * c < 0;
  const turn = Math.round((Math.atan2(b, mirrored ? -a : a) * 2) / Math.PI);
  return { rotation: ([0, 90, 180, 270] as const)[((turn % 4) + 4) % 4]!, mirrored };
}

/** The matrix at an offset of a header box; no transformation where the box ends before it, or where it maps all to a line. */
function matrixAt(box: Bytes | undefined, at: number): Matrix {
  if (!box || box.length < at + 20) return [1, 0, 0, 1];
  const view = viewOf(box);
  const [a, b, c, d] = [0, 4, 12, 16].map((offset) => view.getInt32(at + offset) / 65536) as [
    number,
    number,
    number,
    number,
  ];
  return a * d === b * c ? [1, 0, 0, 1] : [a, b, c, d];
}

/** Edit list: empty edits delay the start, the first real one begins at its media time. */
function playerOffset(mp4: Mp4File, { trak, timescale }: Track, faults: BoxFaults): number {
  const elst = boxAt(trak, 'edts', 'elst');
  if (!elst) return 0;
  const view = viewOf(elst);
  const long = elst[0] === 1;
  const entryBytes = long ? 20 : 12;
  const count = faults.entries('elst', elst, 4, entryBytes);
  const movie = clockOf(boxAt(mp4.moov, 'mvhd'), 'mvhd', faults).timescale || 1;
  let delay = 0;
  for (let i = 0; i < count; i++) {
    const at = 8 + i * entryBytes;
    const mediaTime = long ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4);
    if (mediaTime >= 0) return delay - mediaTime / timescale;
    delay += (long ? Number(view.getBigUint64(at)) : view.getUint32(at)) / movie;
  }
  return delay;
}

/** Frames of fragments that the end of the file cut off, estimated from the duration that the header promises. */
function missingFragments(mp4: Mp4File, seconds: number, packets: number): number {
  if (!mp4.endsEarly || mp4.fragments.length === 0 || packets === 0 || seconds <= 0) return 0;
  const [mehd, mvhd] = [boxAt(mp4.moov, 'mvex', 'mehd'), boxAt(mp4.moov, 'mvhd')];
  const movie = clockOf(mvhd, 'mvhd', new BoxFaults());
  const fragmented = mehd && mehd.length >= 8 && viewOf(mehd);
  const stated = fragmented
    ? mehd[0] === 1 && mehd.length >= 12
      ? Number(fragmented.getBigUint64(4))
      : fragmented.getUint32(4)
    : movie.duration;
  return Math.max(0, Math.round((stated / (movie.timescale || 1) - seconds) * (packets / seconds)));
}
