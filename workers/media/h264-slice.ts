/** The start of a slice header of H.264 (ITU-T H.264 §7.3.3): enough to tell fields from frames, and their order. */
import { BitReader } from './bits.ts';
import { readSequence } from './h264.ts';
import { rawPayload } from './nal.ts';

export interface H264Slice {
  readonly firstMacroblock: number;
  readonly frameNumber: number;
  readonly field: 'frame' | 'top' | 'bottom';
  readonly idr: boolean;
  /** `nal_ref_idc` is not 0: later pictures may refer to it. */
  readonly reference: boolean;
  readonly intra: boolean;
  /** `pic_order_cnt_lsb`; absent where the stream does not state it, or the header ends early. */
  readonly order?: number;
}

const sequences = new WeakMap<Uint8Array, ReturnType<typeof readSequence> | null>();

/** Fields of a sequence parameter set; null where it cannot be read. */
export function sequenceOf(sps: Uint8Array) {
  let sequence = sequences.get(sps);
  if (sequence === undefined) {
    try {
      sequence = readSequence(new BitReader(rawPayload(sps)));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      sequence = null;
    }
    sequences.set(sps, sequence);
  }
  return sequence;
}

/** True where the stream may hold fields: its SPS does not say that every picture is a frame. */
export function mayHoldFields(sps: Uint8Array | null): boolean {
  return sps !== null && sequenceOf(sps)?.framesOnly === false;
}

/**
 * @param head the first bytes of the NAL unit
 * @param sps the active sequence parameter set; without one every picture counts as a frame
 */
export function sliceOf(head: Uint8Array, sps: Uint8Array | null): H264Slice {
  const sequence = sps && sequenceOf(sps);
  const bits = new BitReader(rawPayload(head.subarray(1)));
  const kind = { idr: (head[0]! & 31) === 5, reference: (head[0]! & 0x60) !== 0 };
  let slice: H264Slice = { ...kind, firstMacroblock: 0, frameNumber: 0, field: 'frame', intra: false };
  try {
    const firstMacroblock = bits.ue();
    const type = bits.ue() % 5;
    slice = { ...slice, firstMacroblock, intra: type === 2 || type === 4 };
    bits.ue(); // picture parameter set
    if (!sequence) return slice;
    if (sequence.separatePlanes) bits.skip(2);
    const frameNumber = bits.bits(sequence.log2MaxFrameNum);
    const isField = !sequence.framesOnly && bits.flag();
    slice = { ...slice, frameNumber, field: isField ? (bits.flag() ? 'bottom' : 'top') : 'frame' };
    if (sequence.orderType !== 0) return slice;
    if (kind.idr) bits.ue(); // idr_pic_id
    return { ...slice, order: bits.bits(sequence.orderBits) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return slice;
  }
}

/** True where two pictures are the fields of one frame (§3.30): opposite parity, one frame number, the second no IDR of its own. */
export function isSecondField(first: H264Slice, second: H264Slice): boolean {
  if (first.field === 'frame' || second.field === 'frame' || first.field === second.field) return false;
  if (first.frameNumber !== second.frameNumber) return false;
  // A pair that others refer to may be an IDR picture and a field that refers to it; else both are references or neither.
  return first.reference === second.reference && (!second.idr || first.idr);
}
