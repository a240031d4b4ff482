/** One opened video: its facts, and its frames. */
import { CodedError } from '../../core/errors.ts';
import { codecFamily, codecName } from '../../core/text/codec-names.ts';
import type { MediaNotice } from '../../core/text/media-notices.ts';
import type { OpenedVideo, VideoFacts } from './api.ts';
import { parseAv1Header } from './av1.ts';
import type { NamedBlob } from './bytes.ts';
import { joinClocks } from './clock-restarts.ts';
import { colourFacts } from './colour-facts.ts';
import { demux } from './demux.ts';
import { pairFields } from './field-pairs.ts';
import type { FrameFacts } from './frame-images.ts';
import { decodingStart, isAv1Key, isHiddenVp8, isVp8Key, isVp9Key } from './frame-marks.ts';
import { parseH264Sps } from './h264.ts';
import { type H264Chunks, h264Chunks } from './h264-chunks.ts';
import { parseHevcSps } from './hevc.ts';
import { isDisposable } from './nal.ts';
import { type PacketIndex, presentationOrder } from './packet-index.ts';
import { pixelShapeNotices, statedShape } from './pixel-shape.ts';
import { type DecodeRange, type FrameOrder, frameOrder, keyBefore, planRanges, startOf } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import type { StreamHeader } from './stream-header.ts';
import { nalCodec, parameterSetOf, unitsOf } from './stream-units.ts';
import { tieOrder } from './tie-order.ts';
import { timingOf } from './timing.ts';
import { parseVp8Header } from './vp8.ts';
import { parseVp9Header } from './vp9.ts';

/** Microseconds from frame to frame in what the decoder sees: its timestamps carry frame numbers, not times. */
export const SPACING = 1000;

export class Video {
  readonly index: PacketIndex;
  readonly order: FrameOrder;
  readonly facts: VideoFacts;
  /** For each frame 1 where its packet shows no picture; null where all do. */
  private readonly hidden: Uint8Array | null;
  private readonly h264: H264Chunks | null;
  /** Seconds, ascending, the first 0. */
  readonly times: Float64Array;
  readonly start: number;
  private readonly trusted = new Set<number>();
  /** Those of them at which an H.264 decoder shows all pictures before: IDR pictures. */
  private readonly fresh = new Set<number>();
  /** Those that are recovery points: what follows may still want pictures before them. */
  private readonly recoveries = new Set<number>();

  private constructor(
    index: PacketIndex,
    facts: VideoFacts,
    order: FrameOrder,
    times: Float64Array,
    start: number,
    hidden: Uint8Array | null,
    h264: H264Chunks | null,
  ) {
    this.index = index;
    this.facts = facts;
    this.order = order;
    this.times = times;
    this.start = start;
    this.hidden = hidden;
    this.h264 = h264;
  }

  /** @throws CodedError of `demux` */
  static async open(file: NamedBlob): Promise<Video> {
    const index = await wholeFrames(await demux(file));
    const { packets } = index;
    const { pts, restarts } = joinClocks({
      ...packets,
      reorders: reorders(index.codec),
      // The sample table of an MP4 is one clock, however odd.
      stated: index.restarts,
      jumps: index.container !== 'mp4' && index.container !== 'mov',
    });
    const ties = await tieOrder(index, pts, restarts);
    const at = presentationOrder(pts, ties.rank);
    const order = frameOrder(at, packets.key);
    const hiddenAt = await hiddenPackets(index);
    const hidden = hiddenAt && Uint8Array.from(at, (d) => hiddenAt[d]!);
    const ascending = Float64Array.from(pts).sort();
    const first = ascending[0]!;
    const all = ascending.map((time) => (time - first) / packets.timescale);
    const timing = timingOf(hidden ? all.filter((_, frame) => hidden[frame] === 0) : all, {
      lastDuration: index.lastDuration,
      duration: index.statedDuration ?? 0,
      untimed: index.untimed,
      reordered: at.some((d, frame) => d !== frame),
    });
    const times = hidden ? all : timing.times;
    const header = await streamHeader(index);
    const { width, height } = codedSize(index, header);
    const upright = index.rotation % 180 === 0;
    const shown = upright ? { width, height } : { width: height, height: width };
    const start = first / packets.timescale + index.playerOffset;
    const facts: VideoFacts = {
      name: file.name,
      bytes: file.size,
      videoBytes: packets.size.reduce((sum, size) => sum + size, 0),
      container: index.container,
      codec: index.codec,
      codecName: codecName(index.codec),
      ...shown,
      rotation: index.rotation,
      ...(index.mirrored ? { mirrored: true as const } : {}),
      frames: times.length,
      duration: timing.duration,
      fps: timing.fps,
      bitDepth: header.bitDepth ?? 8,
      chroma: header.chroma ?? '4:2:0',
      colour: colourFacts(header, index.colour),
      missing: index.missing,
      notices: [
        ...(index.notices ?? []),
        ...pixelShapeNotices(
          shown,
          statedShape(index.pixelShape, header.pixelShape, { width, height }),
          upright,
        ),
        ...clockRestarts(order, restarts),
        ...(ties.certain ? [] : [{ code: 'order-uncertain', params: {} } as const]),
        ...timing.notices,
        ...lateStart(start),
      ],
    };
    const avc = nalCodec(index.codec) === 'avc';
    const h264 = avc ? h264Chunks(index.description, await index.read(0), order) : null;
    return new Video(index, facts, order, times, start, hidden, h264);
  }

  get opened(): Omit<OpenedVideo, 'id'> {
    return { facts: this.facts, times: this.times, start: this.start };
  }

  get frameFacts(): FrameFacts {
    const { matrix, range } = this.facts.colour;
    const { rotation, mirrored = false } = this.index;
    return { colour: { matrix, range }, rotation, mirrored };
  }

  config(software: boolean): VideoDecoderConfig {
    const { codec, rotation } = this.index;
    const description = this.h264?.description ?? this.index.description;
    const { width, height } = this.facts;
    const [codedWidth, codedHeight] = rotation % 180 === 0 ? [width, height] : [height, width];
    return {
      codec,
      ...(codedWidth > 0 && codedHeight > 0 ? { codedWidth, codedHeight } : {}),
      ...(description ? { description } : {}),
      hardwareAcceleration: software ? 'prefer-software' : 'no-preference',
    };
  }

  /** The frame on screen at the time of a frame: itself, or for a hidden one the frame before it, else after it. */
  shown(index: number): number {
    const { hidden } = this;
    if (!hidden || hidden[index] === 0) return index;
    const before = hidden.lastIndexOf(0, index);
    return before >= 0 ? before : Math.max(index, hidden.indexOf(0, index));
  }

  /**
   * A packet as it is fed to a decoder.
   *
   * @param first true for the first packet of a range
   */
  chunk(d: number, packet: Uint8Array, first: boolean): EncodedVideoChunkInit {
    return {
      type: first ? 'key' : 'delta',
      timestamp: this.order.frame[d]! * SPACING,
      data: this.h264?.chunk(packet, first) ?? packet,
    };
  }

  /**
   * The error of a video of which no frame comes out. Decoders that take whole frames only refuse fields as if they were
   * damaged.
   */
  undecodable(): CodedError {
    return this.index.fieldCoded
      ? new CodedError('media/codec', { codec: 'field-coded H.264' })
      : new CodedError('media/damaged');
  }

  /** For `media/codec`: what is known of a stream that cannot be decoded. */
  unsupported(): CodedError {
    const { width, height, frames, fps, duration } = this.facts;
    return new CodedError('media/codec', {
      codec: codecFamily(this.facts.codec),
      width,
      height,
      frames,
      fps,
      duration,
    });
  }

  /**
   * The runs that give the wanted frames. Containers mark packets as key frames at which a decoder cannot start (no
   * `stss`, open GOPs): the first packet of every run is looked at, and the mark taken back where it is wrong.
   */
  async plan(wanted: Iterable<number>): Promise<DecodeRange[]> {
    const frames = [...wanted];
    for (;;) {
      const runs = planRanges(this.order, frames);
      const unverified = runs.filter((run) => !this.trusted.has(run.start));
      if (unverified.length === 0) return runs;
      for (const run of unverified) await this.trustedKey(run.start);
    }
  }

  /** The last packet at or before d at which decoding can start. */
  async trustedKey(d: number): Promise<number> {
    let key = keyBefore(this.order, d);
    while (!this.trusted.has(key)) {
      if (key === 0 || (await this.startsAt(key))) this.trusted.add(key);
      else {
        this.order.key[key] = 0;
        key = keyBefore(this.order, key);
      }
    }
    return key;
  }

  /**
   * Takes the marks of the recovery points back from which frames did not come out; they are decoded from an earlier
   * start then.
   *
   * @returns the frames for which that makes a difference
   */
  distrustRecoveries(frames: Iterable<number>): number[] {
    const { order, recoveries, trusted } = this;
    const from = [...frames].map((index) => ({ index, start: startOf(order, order.at[index]!) }));
    const concerned = from.filter(({ start }) => recoveries.has(start));
    for (const { start } of concerned) {
      order.key[start] = 0;
      trusted.delete(start);
    }
    return concerned.map(({ index }) => index);
  }

  /**
   * True where a range that begins at packet d may follow another one without a flush: at an IDR picture of H.264,
   * before which all frames are output.
   */
  mayFollow(d: number): boolean {
    return nalCodec(this.index.codec) === 'avc' && this.fresh.has(d);
  }

  /**
   * True where a packet may be skipped when its frame is not requested. Determined for H.264; elsewhere no packet is
   * taken for one.
   */
  isDisposable(packet: Uint8Array): boolean {
    if (nalCodec(this.index.codec) !== 'avc') return false;
    return isDisposable(unitsOf(this.index, 'avc', packet));
  }

  private async startsAt(d: number): Promise<boolean> {
    const { codec } = this.index;
    const nal = nalCodec(codec);
    const packet = await this.index.read(d);
    if (nal) {
      const start = decodingStart(nal, unitsOf(this.index, nal, packet));
      if (start === 'fresh') this.fresh.add(d);
      if (start === 'recovery') this.recoveries.add(d);
      return start !== null;
    }
    return KEY_TESTS.find(([pattern]) => pattern.test(codec))?.[1](packet) ?? true;
  }
}

/** Tests of a packet's own frame header, for the codecs whose containers are not taken at their word. */
const KEY_TESTS: readonly (readonly [RegExp, (packet: Uint8Array) => boolean])[] = [
  [/^vp0?8/, isVp8Key],
  [/^vp0?9/, isVp9Key],
  [/^av01/, isAv1Key],
];

/** Bytes of VP8 that are read through for hidden frames when a file is opened; about a second of reading. */
const READ_THROUGH = 256e6;

/**
 * Packets that show no picture, 1 each; null where the codec has none. Only VP8 stores them as packets of their own.
 */
async function hiddenPackets(index: PacketIndex): Promise<Uint8Array | null> {
  const { size } = index.packets;
  if (!/^vp0?8/.test(index.codec) || size.reduce((sum, bytes) => sum + bytes, 0) > READ_THROUGH) return null;
  const hidden = new Uint8Array(size.length);
  for await (const [d, packet] of readAhead(index, 0, size.length)) hidden[d] = isHiddenVp8(packet) ? 1 : 0;
  return hidden.includes(1) ? hidden : null;
}

/** True where packets may be stored in another order than their pictures are shown in. */
function reorders(codec: string): boolean {
  return !/^(vp0?[89]|av01)/.test(codec);
}

/** An index with both fields of a frame in one packet. */
async function wholeFrames(index: PacketIndex): Promise<PacketIndex> {
  if (nalCodec(index.codec) !== 'avc' || index.packets.size.length === 0) return index;
  try {
    return await pairFields(index, await parameterSetOf(index, 'avc'), (packet) =>
      unitsOf(index, 'avc', packet),
    );
  } catch (error) {
    if (error instanceof RangeError) return index;
    throw error;
  }
}

function clockRestarts({ frame }: FrameOrder, restarts: readonly number[]): MediaNotice[] {
  const [d] = restarts;
  if (d === undefined) return [];
  const first = frame.subarray(d).reduce((least, one) => Math.min(least, one), frame[d]!);
  return [{ code: 'clock-restart', params: { frame: first + 1, recordings: restarts.length + 1 } }];
}

/** A video whose first frame comes an hour or more after the start of the clock is told. */
const LATE_SECONDS = 3600;

function lateStart(start: number): MediaNotice[] {
  return start >= LATE_SECONDS ? [{ code: 'late-start', params: { seconds: start } }] : [];
}

/**
 * Size of the decoded picture: the stream's own, since containers state wrong ones. Cameras crop H.264 by the container's
 * size alone, within a macroblock, and decoders follow it. A sequence header of AV1 gives the largest size of its
 * layers, so it counts only where the container gives none.
 */
function codedSize(index: PacketIndex, header: Partial<StreamHeader>): { width: number; height: number } {
  const stated = { width: index.codedWidth, height: index.codedHeight };
  const { size } = header;
  if (!size) return stated;
  const complete = stated.width > 0 && stated.height > 0;
  if (complete && /^av01/.test(index.codec)) return stated;
  const crops = (inner: number, outer: number) =>
    inner <= outer && Math.ceil(inner / 16) === Math.ceil(outer / 16);
  const cropped = crops(stated.width, size.width) && crops(stated.height, size.height);
  return complete && cropped && nalCodec(index.codec) === 'avc' ? stated : size;
}

/** Facts from the bitstream's headers; empty where they are damaged or the codec has none. */
async function streamHeader(index: PacketIndex): Promise<Partial<StreamHeader>> {
  try {
    const codec = nalCodec(index.codec);
    if (codec) {
      const sps = await parameterSetOf(index, codec);
      return sps ? (codec === 'avc' ? parseH264Sps(sps) : parseHevcSps(sps)) : {};
    }
    if (index.codec === 'vp8') return parseVp8Header(await index.read(0)) ?? {};
    if (/^vp09/.test(index.codec)) return parseVp9Header(await index.read(0)) ?? {};
    if (/^av01/.test(index.codec)) return parseAv1Header(await index.read(0)) ?? {};
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return {};
}
