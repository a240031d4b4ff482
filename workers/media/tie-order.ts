/**
 * Order of pictures as their slices state it, for files whose clock is too coarse for their frame rate, or gives the times of
 * decoding for those of presentation (ITU-T H.264 §8.2.1, H.265 §8.3.1).
 */
import { BitReader } from './bits.ts';
import { statedReordering } from './h264-reordering.ts';
import { sequenceOf, sliceOf } from './h264-slice.ts';
import { type HevcOrder, hevcOrder } from './hevc.ts';
import { type NalCodec, rawPayload } from './nal.ts';
import type { PacketIndex } from './packet-index.ts';
import { readAhead } from './read-ahead.ts';
import { configuredUnits, nalCodec, parameterSetOf, unitsOf } from './stream-units.ts';

/** Bytes of video that are read through for the order of frames when a file is opened. */
const READ_THROUGH = 256e6;
/** Bytes of a slice that hold the fields that are read. */
const HEAD = 64;
/** Larger than the order of any picture within one coded video sequence. */
const SEQUENCE = 2 ** 33;

export interface TieOrder {
  /** Ascending in presentation order within the frames of one time; null = as they are decoded. */
  readonly rank: Float64Array | null;
  /** False where frames share a time and nothing tells their order. */
  readonly certain: boolean;
}

/** @param restarts first packets of further recordings */
export async function tieOrder(
  index: PacketIndex,
  pts: Float64Array,
  restarts: readonly number[],
): Promise<TieOrder> {
  const codec = nalCodec(index.codec);
  if (!codec || !(isCoarse(pts) || (await hidesReordering(index, codec, pts))))
    return { rank: null, certain: true };
  const unknown = { rank: null, certain: !hasTies(pts) };
  if (index.packets.size.reduce((sum, size) => sum + size, 0) > READ_THROUGH) return unknown;
  const counter = codec === 'avc' ? new H264Counter() : new HevcCounter();
  if (index.description) for (const unit of configuredUnits(codec, index.description)) counter.set(unit);
  else if (index.parameterSet) counter.set(index.parameterSet);
  const rank = new Float64Array(pts.length);
  const begins = new Set(restarts);
  for await (const [d, packet] of readAhead(index, 0, pts.length)) {
    if (begins.has(d)) counter.restart();
    const order = orderOf(counter, codec, unitsOf(index, codec, packet));
    if (order === 'decoded') return { rank: null, certain: true };
    if (order === null) return unknown;
    rank[d] = order;
  }
  return { rank, certain: true };
}

/** True where times are equal, or as near as the clock has ticks and not evenly so: then rounding may have moved them. */
function isCoarse(pts: Float64Array): boolean {
  const sorted = Float64Array.from(pts).sort();
  const gaps = sorted.subarray(1).map((time, i) => time - sorted[i]!);
  return gaps.includes(0) || (gaps.includes(1) && gaps.some((gap) => gap > 1));
}

function hasTies(pts: Float64Array): boolean {
  const sorted = Float64Array.from(pts).sort();
  return sorted.some((time, i) => i > 0 && time === sorted[i - 1]);
}

/** True where packets are stored in the order of their times although the stream says that pictures are reordered. */
async function hidesReordering(index: PacketIndex, codec: NalCodec, pts: Float64Array): Promise<boolean> {
  if (pts.length < 3 || pts.some((time, i) => i > 0 && time < pts[i - 1]!)) return false;
  try {
    const sps = await parameterSetOf(index, codec);
    if (!sps) return false;
    return ((codec === 'avc' ? statedReordering(sps) : hevcOrder(sps).reordering) ?? 0) > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Order of the first picture of a packet; `decoded` = pictures are shown as they are decoded; null = unknown. */
function orderOf(
  counter: OrderCounter,
  codec: NalCodec,
  units: Iterable<Uint8Array>,
): number | 'decoded' | null {
  try {
    for (const unit of units) {
      const head = unit[0] ?? 0;
      const type = codec === 'avc' ? head & 31 : (head >> 1) & 63;
      if (codec === 'avc' ? type === 1 || type === 2 || type === 5 : type < 32)
        return counter.slice(type, unit.subarray(0, HEAD));
      counter.set(unit);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return null;
}

/** Counts on from the orders that slices state, of which they give the last bits only. */
abstract class OrderCounter {
  private sequence = 0;
  private before = 0;

  /** Takes a parameter set; other units are passed over. */
  abstract set(unit: Uint8Array): void;
  /** @throws RangeError when the header ends early */
  abstract slice(type: number, head: Uint8Array): number | 'decoded' | null;

  /** Everything after it is shown after everything before it. */
  restart(): void {
    this.sequence += SEQUENCE;
    this.before = 0;
  }

  /** @param anchors true where later orders are counted from this one */
  protected count(stated: number, bits: number, anchors: boolean): number {
    const range = 2 ** bits;
    const near = this.before - (((this.before % range) + range) % range) + stated;
    const distance = near - this.before;
    const order = distance > range / 2 ? near - range : distance <= -range / 2 ? near + range : near;
    if (anchors) this.before = order;
    return this.sequence + order;
  }
}

class H264Counter extends OrderCounter {
  private sps: Uint8Array | null = null;

  set(unit: Uint8Array): void {
    if ((unit[0]! & 31) === 7) this.sps = unit;
  }

  slice(_type: number, head: Uint8Array): number | 'decoded' | null {
    const sequence = this.sps && sequenceOf(this.sps);
    if (!sequence) return null;
    if (sequence.orderType === 2) return 'decoded';
    const { order, idr, reference } = sliceOf(head, this.sps);
    if (order === undefined) return null;
    if (idr) this.restart();
    return this.count(order, sequence.orderBits, reference);
  }
}

/** Types of NAL units of HEVC (table 7-1). */
const HEVC = {
  firstLeading: 6,
  lastLeading: 9,
  lastNonReference: 14,
  firstIrap: 16,
  lastBla: 18,
  lastIrap: 23,
};
const isIdr = (type: number) => type === 19 || type === 20;

class HevcCounter extends OrderCounter {
  private sps: HevcOrder | null = null;
  private readonly pps = new Map<number, { readonly output: boolean; readonly extra: number }>();

  set(unit: Uint8Array): void {
    const type = (unit[0]! >> 1) & 63;
    if (type === 33) this.sps = hevcOrder(unit);
    if (type !== 34) return;
    const bits = new BitReader(rawPayload(unit.subarray(2, HEAD)));
    const id = bits.ue();
    bits.ue(); // sequence parameter set
    bits.skip(1); // dependent slices
    this.pps.set(id, { output: bits.flag(), extra: bits.bits(3) });
  }

  slice(type: number, head: Uint8Array): number | null {
    if (!this.sps) return null;
    const bits = new BitReader(rawPayload(head.subarray(2)));
    if (!bits.flag()) return null; // not the first slice of its picture
    const irap = type >= HEVC.firstIrap && type <= HEVC.lastIrap;
    if (irap) bits.skip(1); // output of earlier pictures
    const pps = this.pps.get(bits.ue());
    if (!pps) return null;
    if (isIdr(type) || (irap && type <= HEVC.lastBla)) this.restart();
    if (isIdr(type)) return this.count(0, this.sps.orderBits, true);
    bits.skip(pps.extra);
    bits.ue(); // slice type
    if (pps.output) bits.skip(1);
    if (this.sps.separatePlanes) bits.skip(2);
    const stated = bits.bits(this.sps.orderBits);
    const leading = type >= HEVC.firstLeading && type <= HEVC.lastLeading;
    const unreferenced = type <= HEVC.lastNonReference && type % 2 === 0;
    const base = (head[1]! & 7) === 1; // temporal layer 0
    return this.count(stated, this.sps.orderBits, base && !leading && !unreferenced);
  }
}
