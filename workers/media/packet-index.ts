/** Output of every demuxer: positions of the packets of the chosen stream, and how to decode them. */
import type { MediaNotice } from '../../core/text/media-notices.ts';
import type { VideoFacts } from './api.ts';
import type { PixelShape } from './pixel-shape.ts';

/** Colour as the container states it; code points of ITU-T H.273. */
export interface ContainerColour {
  readonly matrix?: number | undefined;
  readonly transfer?: number | undefined;
  readonly fullRange?: boolean | undefined;
}

/** Columns over the packets of one video stream, in decode order. Times are in units of 1/timescale seconds. */
export interface PacketTable {
  readonly timescale: number;
  /** Byte offset in the file; −1 where the demuxer keeps that to itself (Matroska, MPEG-TS). */
  readonly offset: Float64Array;
  readonly size: Uint32Array;
  readonly pts: Float64Array;
  /** 1 where the container says that decoding can start. */
  readonly key: Uint8Array;
}

export interface PacketIndex {
  readonly container: VideoFacts['container'];
  /** Codec string for WebCodecs; the container's own name of the codec when that is unknown. */
  readonly codec: string;
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** `avcC`, `hvcC` and the like; absent where the parameter sets travel in the packets. */
  readonly description?: Uint8Array<ArrayBuffer> | undefined;
  /** First sequence parameter set of the stream, where the demuxer has seen it in a packet. */
  readonly parameterSet?: Uint8Array | undefined;
  /** H.264 whose frames are coded as two field pictures, at least in part. */
  readonly fieldCoded?: true;
  /** Clockwise, applied before the picture is shown. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Left and right change places after the rotation. */
  readonly mirrored?: boolean | undefined;
  readonly colour: ContainerColour;
  /** As the container states it, before the rotation. */
  readonly pixelShape?: PixelShape | undefined;
  readonly packets: PacketTable;
  /** First packets, in decode order, of recordings that are known to be glued behind the first. */
  readonly restarts?: readonly number[] | undefined;
  /** Packets that the end of the file cuts off; they are not in the table. */
  readonly missing: number;
  /** Time of pts 0 on a player's clock, in seconds: negative when an edit list hides the start. */
  readonly playerOffset: number;
  /** Seconds that the last frame is shown, or 0 when unknown. */
  readonly lastDuration: number;
  /** Seconds of the track as its header states them; absent or 0 when it states none. */
  readonly statedDuration?: number | undefined;
  /** The times are places in presentation order only: the container gives its packets no durations. */
  readonly untimed?: boolean | undefined;
  /** Findings of the demuxer that the reader should know. */
  readonly notices?: readonly MediaNotice[] | undefined;
  /** Bytes of the packet at a place in decode order, the same for every demuxer. */
  read(decodeIndex: number): Promise<Uint8Array>;
  /** Packets [start, end) in decode order; where they lie together they cost one look at the file. */
  readRun(start: number, end: number): Promise<readonly Uint8Array[]>;
}

/** Packets of one stream, at most; a table that asks for more is damaged or hostile. About 77 hours at 60 frames a second. */
export const MAX_PACKETS = 1 << 24;

/** Positions by which the two orders of a frame may differ where a clock is too coarse for the frame rate. */
const COARSE = 16;

/**
 * Frame numbers: frame i is the i-th packet by ascending PTS, equal ones in decode order. Ranks, read where packets share
 * a time, count more than times, which such files round and shift by a few frames.
 *
 * @param rank ascending in presentation order, as the stream itself states it
 * @returns for each frame, [L], its place in decode order
 */
export function presentationOrder(pts: Float64Array, rank: Float64Array | null = null): Uint32Array {
  const order = Uint32Array.from(pts, (_, i) => i);
  if (!rank && pts.every((time, i) => i === 0 || time >= pts[i - 1]!)) return order;
  const byTime = order.sort((a, b) => pts[a]! - pts[b]! || (rank ? rank[a]! - rank[b]! : 0) || a - b);
  if (!rank) return byTime;
  const byRank = Uint32Array.from(byTime).sort((a, b) => rank[a]! - rank[b]! || a - b);
  const position = new Uint32Array(pts.length);
  for (const [i, d] of byTime.entries()) position[d] = i;
  return byRank.every((d, i) => Math.abs(position[d]! - i) <= COARSE) ? byRank : byTime;
}
