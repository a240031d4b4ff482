/**
 * WebM and Matroska: the packet index of the video track. These files have no table of their packets, so
 * their block headers are read once, from front to back; the packets themselves are read when they are wanted.
 */
import {
  BlobSource,
  type EncodedPacket,
  EncodedPacketSink,
  Input,
  type InputFormat,
  type InputVideoTrack,
  MATROSKA,
  WEBM,
} from 'mediabunny';
import { CodedError } from '../../core/errors.ts';
import { type NamedBlob, readRange } from './bytes.ts';
import { joinable, joined, unread } from './joined-recordings.ts';
import { gluedStart, isEbml, segmentEnd, withoutCutBlock } from './matroska-segments.ts';
import { inflated, matroskaTracks, withoutZlibNote } from './matroska-tracks.ts';
import { noVideoInMatroska, refuseCover } from './no-video.ts';
import { type ContainerColour, MAX_PACKETS, type PacketIndex } from './packet-index.ts';
import { type PixelShape, pixelShapeOf } from './pixel-shape.ts';
import { bestStream } from './stream-choice.ts';

/** Matroska writes times in nanoseconds at most; microseconds tell any two frames apart and are exact in a double. */
const TIMESCALE = 1_000_000;

/** Frames a second, where not even two are there to tell. */
const ASSUMED_RATE = 30;

const MATRICES: Readonly<Record<string, number>> = {
  rgb: 0,
  bt709: 1,
  bt470bg: 5,
  smpte170m: 6,
  'bt2020-ncl': 9,
};
const TRANSFERS: Readonly<Record<string, number>> = {
  bt709: 1,
  smpte170m: 6,
  linear: 8,
  'iec61966-2-1': 13,
  pq: 16,
  hlg: 18,
};

/**
 * @param formats tests read MP4 with it too, to hold both demuxers against one table
 * @throws CodedError `media/container`, `codec`, `no-video`, `track-encoding`, `encrypted`, `cover`, `no-frames`
 */
export async function indexWithMediabunny(
  file: NamedBlob,
  formats: InputFormat[] = [WEBM, MATROSKA],
): Promise<PacketIndex> {
  const end = (await segmentEnd(file)) ?? (await gluedStart(file));
  if (end === null || end >= file.size || !isEbml(await readRange(file, end, end + 4)))
    return indexOfSegment(await withoutCutBlock(file), formats);
  // Another file is glued behind this one; mediabunny would read the tracks of the last and the blocks of all.
  const index = await indexOfSegment(new File([file.slice(0, end)], file.name), formats);
  const rest = await indexWithMediabunny(new File([file.slice(end)], file.name), formats).catch(() => null);
  return rest && joinable(index, rest) ? joined(index, rest) : unread(index);
}

/** The index of the first segment. */
async function indexOfSegment(file: NamedBlob, formats: InputFormat[]): Promise<PacketIndex> {
  // A stream reader over a Blob slice stalls in some Chromium versions; plain slices do not.
  const input = new Input({ source: new BlobSource(file, { useStreamReader: false }), formats });
  const tracks = await readable(() => input.getVideoTracks());
  if (tracks.length === 0) return indexOfZlib(file, formats);
  const scanned: Scan[] = [];
  for (const track of tracks) scanned.push(await scan(track));
  const chosen = scanned[bestStream(scanned.map((s) => s.facts))]!;
  const { track, packets } = chosen;
  const missing = await missingPackets(input, file, chosen);
  if (packets.length === 0)
    throw missing > 0
      ? new CodedError('media/truncated', { present: 0, frames: missing })
      : new CodedError('media/no-frames');
  const config = await readable(() => track.getDecoderConfig());
  const codec = config?.codec ?? (await sourceCodec(track));
  const sound = (await soundTracks(input)).length > 0;
  refuseCover({ codec, packets: packets.length, seconds: chosen.facts.seconds, sound });
  const description = config?.description;
  const last = packets.at(-1)!;
  return {
    container: (await input.getFormat()) === WEBM ? 'webm' : 'mkv',
    codec,
    codedWidth: await track.getCodedWidth(),
    codedHeight: await track.getCodedHeight(),
    description: description ? copyOf(description) : undefined,
    rotation: await track.getRotation(),
    colour: colourOf(await track.getColorSpace()),
    pixelShape: shapeOf(await track.getPixelAspectRatio()),
    packets: {
      timescale: TIMESCALE,
      offset: new Float64Array(packets.length).fill(-1),
      size: Uint32Array.from(packets, (p) => p.byteLength),
      pts: Float64Array.from(packets, (p) => Math.round(p.timestamp * TIMESCALE)),
      key: Uint8Array.from(packets, (p, i) => (i === 0 || p.type === 'key' ? 1 : 0)),
    },
    missing,
    playerOffset: 0,
    lastDuration: last.duration,
    statedDuration: (await input.getDurationFromMetadata()) ?? 0,
    ...packetReader(track, packets, file.name),
  };
}

/** Square pixels are what a file without a statement has, so they are none: the stream may state others. */
function shapeOf({ num, den }: { readonly num: number; readonly den: number }): PixelShape | undefined {
  return num === den ? undefined : pixelShapeOf(num, den);
}

/**
 * The index of a file of which the demuxer gives no track because zlib compresses its blocks. Codecs that are told from a
 * packet are refused.
 *
 * @throws CodedError of a file without a readable video track
 */
async function indexOfZlib(file: NamedBlob, formats: InputFormat[]): Promise<PacketIndex> {
  const tracks = await matroskaTracks(file);
  const stored = withoutZlibNote(file, tracks);
  if (!stored) throw noVideoInMatroska(tracks);
  const index = await indexOfSegment(stored, formats).catch((error) => {
    throw error instanceof CodedError ? error : noVideoInMatroska(tracks);
  });
  if (!index.description && index.codec !== 'vp8') throw noVideoInMatroska(tracks);
  return {
    ...index,
    read: async (i) => inflated(await index.read(i)),
    readRun: async (start, end) => Promise.all((await index.readRun(start, end)).map(inflated)),
  };
}

interface Scan {
  readonly track: InputVideoTrack;
  readonly packets: readonly EncodedPacket[];
  readonly facts: Parameters<typeof bestStream>[0][number];
  /** Reading ended in an error: the file is cut off or damaged behind the last packet. */
  readonly broken: boolean;
}

async function scan(track: InputVideoTrack): Promise<Scan> {
  const packets: EncodedPacket[] = [];
  let broken = false;
  try {
    for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, {
      metadataOnly: true,
    })) {
      packets.push(packet);
      if (packets.length > MAX_PACKETS) throw new RangeError(`More than ${MAX_PACKETS} packets.`);
    }
  } catch {
    broken = true; // what was read until then is there
  }
  const disposition = await track.getDisposition();
  const [first, last] = [packets[0], packets.at(-1)];
  return {
    track,
    packets,
    broken,
    facts: {
      isDefault: disposition.default,
      impaired: disposition.hearingImpaired || disposition.visuallyImpaired,
      packets: packets.length,
      bytes: packets.reduce((sum, p) => sum + p.byteLength, 0),
      seconds: first && last ? last.timestamp + last.duration - first.timestamp : 0,
    },
  };
}

const soundTracks = (input: Input) => readable(() => input.getAudioTracks());

/** A file that mediabunny cannot make sense of. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new CodedError('media/container', { looksLike: 'a damaged file' }, undefined, { cause });
  }
}

/** The container's name of a codec that mediabunny does not know; for Video for Windows its four characters. */
async function sourceCodec(track: InputVideoTrack): Promise<string> {
  const id = await track.getInternalCodecId();
  return typeof id === 'string' || typeof id === 'number' ? String(id) : 'unknown';
}

function copyOf(source: AllowSharedBufferSource): Uint8Array<ArrayBuffer> {
  const view = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return new Uint8Array(view);
}

function colourOf(space: VideoColorSpaceInit): ContainerColour {
  return {
    matrix: MATRICES[space.matrix ?? ''],
    transfer: TRANSFERS[space.transfer ?? ''],
    fullRange: space.fullRange ?? undefined,
  };
}

/** Number of packets that the header's duration implies beyond the last one, when the file ends early. */
async function missingPackets(
  input: Input,
  file: NamedBlob,
  { packets, broken, facts }: Scan,
): Promise<number> {
  if (!broken && !(await endsEarly(file))) return 0;
  const promised = (await input.getDurationFromMetadata()) ?? 0;
  const times = packets.map(({ timestamp }) => timestamp).sort((a, b) => a - b);
  if (packets.some(({ timestamp }, d) => timestamp !== times[d])) {
    // Frames are missing between the last ones too.
    const gaps = times.slice(1).map((time, i) => time - times[i]!);
    const gap = gaps.sort((a, b) => a - b)[gaps.length >> 1]!;
    return gap > 0 ? Math.max(0, Math.round(promised / gap) - packets.length) : 0;
  }
  const end = facts.seconds + (packets[0]?.timestamp ?? 0);
  const rate = packets.length > 1 ? packets.length / facts.seconds : ASSUMED_RATE;
  return Math.max(0, Math.round((promised - end) * rate));
}

/** True where the Matroska segment is longer than the file. */
async function endsEarly(file: NamedBlob): Promise<boolean> {
  return ((await segmentEnd(file)) ?? 0) > file.size;
}

/**
 * Reads packets by their position in decode order, each from the one before it: packets are never looked up by time,
 * since several may share one, and clocks may start again.
 */
function packetReader(
  track: InputVideoTrack,
  packets: readonly EncodedPacket[],
  name: string,
): Pick<PacketIndex, 'read' | 'readRun'> {
  const sink = new EncodedPacketSink(track);
  /** Browsers say with a DOMException that a file is not what it was. */
  const present = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (cause) {
      if (cause instanceof DOMException)
        throw new CodedError('media/changed', { name }, undefined, { cause });
      throw cause;
    }
  };
  let at = -1;
  let current: EncodedPacket | null = null;
  const read = async (i: number): Promise<Uint8Array> => {
    if (current && at === i) return current.data;
    const before = i > 0 && at === i - 1 ? current : packets[i - 1];
    const packet = await present(before ? sink.getNextPacket(before) : sink.getFirstPacket());
    if (packet?.sequenceNumber !== packets[i]!.sequenceNumber) throw new CodedError('media/damaged');
    current = packet;
    at = i;
    return packet.data;
  };
  return {
    read,
    async readRun(start, end) {
      const run: Uint8Array[] = [];
      for (let i = start; i < end; i++) run.push(await read(i));
      return run;
    },
  };
}
