/** One opened video: its facts, and its frames. */
import { CodedError } from '../../core/errors.ts';
import type { MediaNotice } from '../../core/text/media-notices.ts';
import type { OpenedVideo, VideoFacts } from './api.ts';
import { parseAv1Header } from './av1.ts';
import type { NamedBlob } from './bytes.ts';
import { joinClocks } from './clock-restarts.ts';
import { codecFamily, codecName } from './codec-names.ts';
import { colourFacts } from './colour-facts.ts';
import { demux } from './demux.ts';
import { isAv1Key, isHiddenVp8, isVp8Key, isVp9Key } from './frame-marks.ts';
import { parseH264Sps } from './h264.ts';
import { parseHevcSps } from './hevc.ts';
import { annexBUnits, findSps, isDisposable, type NalCodec, prefixedUnits, startsDecoding } from './nal.ts';
import { type PacketIndex, presentationOrder } from './packet-index.ts';
import type { FrameFacts } from './pixel-worker.ts';
import { type DecodeRange, type FrameOrder, frameOrder, keyBefore, planRanges } from './plan.ts';
import { readAhead } from './read-ahead.ts';
import type { StreamHeader } from './stream-header.ts';
import { timingOf } from './timing.ts';
import { parseVp8Header } from './vp8.ts';
import { parseVp9Header } from './vp9.ts';

export class Video {
  readonly index: PacketIndex;
  readonly order: FrameOrder;
  readonly facts: VideoFacts;
  /** For each frame 1 where its packet shows no picture; null where all do. */
  private readonly hidden: Uint8Array | null;
  /** Seconds, ascending, the first 0. */
  readonly times: Float64Array;
  readonly start: number;
  private readonly trusted = new Set<number>();

  private constructor(
    index: PacketIndex,
    facts: VideoFacts,
    order: FrameOrder,
    times: Float64Array,
    start: number,
    hidden: Uint8Array | null,
  ) {
    this.index = index;
    this.facts = facts;
    this.order = order;
    this.times = times;
    this.start = start;
    this.hidden = hidden;
  }

  /** @throws CodedError of `demux` */
  static async open(file: NamedBlob): Promise<Video> {
    const index = await demux(file);
    const { packets } = index;
    const { pts, restarts } = joinClocks({
      ...packets,
      reorders: reorders(index.codec),
      // The sample table of an MP4 is one clock, however odd.
      jumps: index.container !== 'mp4' && index.container !== 'mov',
    });
    const at = presentationOrder(pts);
    const order = frameOrder(at, packets.key);
    const hiddenAt = await hiddenPackets(index);
    const hidden = hiddenAt && Uint8Array.from(at, (d) => hiddenAt[d]!);
    const first = pts[at[0]!]!;
    const all = Float64Array.from(at, (d) => (pts[d]! - first) / packets.timescale);
    const timing = timingOf(hidden ? all.filter((_, frame) => hidden[frame] === 0) : all, {
      lastDuration: index.lastDuration,
      duration: index.statedDuration ?? 0,
      untimed: index.untimed,
    });
    const times = hidden ? all : timing.times;
    const header = await streamHeader(index);
    const { width, height } = codedSize(index, header);
    const upright = index.rotation % 180 === 0;
    const start = first / packets.timescale + index.playerOffset;
    const facts: VideoFacts = {
      name: file.name,
      bytes: file.size,
      container: index.container,
      codec: index.codec,
      codecName: codecName(index.codec),
      width: upright ? width : height,
      height: upright ? height : width,
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
        ...clockRestarts(order, restarts),
        ...timing.notices,
        ...lateStart(start),
      ],
    };
    return new Video(index, facts, order, times, start, hidden);
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
    const { codec, description, rotation } = this.index;
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

  /** True where a range may follow the last one without a flush: ranges of H.264 start at IDR pictures, before which all frames are output. */
  get runsJoin(): boolean {
    return nalCodec(this.index.codec) === 'avc';
  }

  /**
   * True where a packet may be skipped when its frame is not requested. Determined for H.264 in MP4 and Matroska, where both
   * fields of a frame are in one packet; elsewhere no packet is taken for one.
   */
  isDisposable(packet: Uint8Array): boolean {
    if (!this.index.description || nalCodec(this.index.codec) !== 'avc') return false;
    return isDisposable(unitsOf(this.index, 'avc', packet));
  }

  private async startsAt(d: number): Promise<boolean> {
    const { codec } = this.index;
    const nal = nalCodec(codec);
    const packet = await this.index.read(d);
    if (nal) return startsDecoding(nal, unitsOf(this.index, nal, packet));
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

function clockRestarts({ frame }: FrameOrder, restarts: readonly number[]): MediaNotice[] {
  const [d] = restarts;
  if (d === undefined) return [];
  const first = frame.subarray(d).reduce((least, one) => Math.min(least, one), frame[d]!);
  return [{ code: 'clock-restart', params: { frame: first + 1, recordings: restarts.length + 1 } }];
}

function nalCodec(codec: string): NalCodec | null {
  return /^avc/.test(codec) ? 'avc' : /^(hvc1|hev1)/.test(codec) ? 'hevc' : null;
}

function unitsOf(index: PacketIndex, codec: NalCodec, packet: Uint8Array): Iterable<Uint8Array> {
  const config = index.description;
  if (!config) return annexBUnits(packet);
  return prefixedUnits(packet, ((config[codec === 'avc' ? 4 : 21] ?? 3) & 3) + 1);
}

/** Sequence parameter sets of `avcC` and `hvcC` (ISO/IEC 14496-15). */
function* configuredUnits(codec: NalCodec, config: Uint8Array): Generator<Uint8Array> {
  const size = (at: number) => config[at]! * 256 + config[at + 1]!;
  if (codec === 'avc') {
    let at = 6;
    for (let left = (config[5] ?? 0) & 31; left > 0 && at + 2 <= config.length; left--) {
      yield config.subarray(at + 2, at + 2 + size(at));
      at += 2 + size(at);
    }
    return;
  }
  let at = 23;
  for (let arrays = config[22] ?? 0; arrays > 0 && at + 3 <= config.length; arrays--) {
    let units = size(at + 1);
    for (at += 3; units > 0 && at + 2 <= config.length; units--) {
      yield config.subarray(at + 2, at + 2 + size(at));
      at += 2 + size(at);
    }
  }
}

/** A video whose first frame comes an hour or more after the start of the clock is told. */
const LATE_SECONDS = 3600;

function lateStart(start: number): MediaNotice[] {
  return start >= LATE_SECONDS ? [{ code: 'late-start', params: { seconds: start } }] : [];
}

/**
 * Size of the decoded picture: the stream's own, since containers state wrong ones. A sequence header of AV1 gives the
 * largest size of its layers, so it counts only where the container gives none.
 */
function codedSize(index: PacketIndex, header: Partial<StreamHeader>): { width: number; height: number } {
  const stated = { width: index.codedWidth, height: index.codedHeight };
  const complete = stated.width > 0 && stated.height > 0;
  if (!header.size || (complete && /^av01/.test(index.codec))) return stated;
  return header.size;
}

/** Facts from the bitstream's headers; empty where they are damaged or the codec has none. */
async function streamHeader(index: PacketIndex): Promise<Partial<StreamHeader>> {
  try {
    const codec = nalCodec(index.codec);
    if (codec) {
      const configured = index.description && findSps(codec, configuredUnits(codec, index.description));
      const sps = configured ?? findSps(codec, unitsOf(index, codec, await index.read(0)));
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
