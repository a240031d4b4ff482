/** H.264 as it goes into a decoder that may begin anywhere: with the facts that only the start of the stream states. */
import { withSquarePixels } from './h264-aspect.ts';
import { reorderingDepth, withReordering } from './h264-reordering.ts';
import { annexBUnits, prefixedUnits } from './nal.ts';
import type { FrameOrder } from './plan.ts';

const TYPE = { sei: 6, sps: 7, delimiter: 9, parameterSets: 8 };
const typeOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 31;

export interface H264Chunks {
  /** `avcC` for the decoder; absent where the parameter sets travel in the packets. */
  readonly description: Uint8Array<ArrayBuffer> | undefined;
  /**
   * The packet as it is fed.
   *
   * @param first true for the first packet of a range
   */
  chunk(packet: Uint8Array, first: boolean): Uint8Array;
}

/**
 * @param description `avcC` as it stands in the file, or undefined for Annex B
 * @param firstPacket the first packet of the stream
 */
export function h264Chunks(
  description: Uint8Array<ArrayBuffer> | undefined,
  firstPacket: Uint8Array,
  order: FrameOrder,
): H264Chunks {
  const lengthSize = description ? ((description[4] ?? 3) & 3) + 1 : 0;
  const unitsOf = (packet: Uint8Array) => [
    ...(lengthSize > 0 ? prefixedUnits(packet, lengthSize) : annexBUnits(packet)),
  ];
  const encoder = unitsOf(firstPacket).find(isEncoderNote);
  const depth = reorderingDepth(order);
  const restated = (sps: Uint8Array) => {
    const square = withSquarePixels(sps);
    return (depth > 0 ? withReordering(square ?? sps, depth) : null) ?? square;
  };
  const editsOf = (packet: Uint8Array, first: boolean): Edit[] => {
    const units = unitsOf(packet);
    const edits: Edit[] = [];
    const from = (unit: Uint8Array) => unit.byteOffset - packet.byteOffset - (lengthSize || 3);
    if (first && encoder && !units.some(isEncoderNote)) {
      const before = [TYPE.delimiter, TYPE.sps, TYPE.parameterSets];
      const follower = units.find((unit) => !before.includes(typeOf(unit)));
      if (follower) edits.push({ from: from(follower), to: from(follower), unit: encoder });
    }
    for (const unit of units) {
      const replaced = typeOf(unit) === TYPE.sps ? restated(unit) : null;
      if (replaced)
        edits.push({ from: from(unit), to: from(unit) + (lengthSize || 3) + unit.length, unit: replaced });
    }
    return edits.sort((a, b) => a.from - b.from);
  };
  const configured = description && withParameterSets(description, restated);
  // Where the first parameter sets need no change, packets are not searched for others.
  const restates = description
    ? configured !== description
    : unitsOf(firstPacket).some((unit) => typeOf(unit) === TYPE.sps && restated(unit) !== null);
  return {
    description: configured,
    chunk(packet, first) {
      if (!restates && !(first && encoder)) return packet;
      const edits = editsOf(packet, first);
      return edits.length > 0 ? edited(packet, edits, lengthSize) : packet;
    },
  };
}

/**
 * The SEI message by which x264 names itself. Decoders repeat the mistakes of its old versions where they know of them
 * (4:4:4 before build 151), and it stands in the first packet only.
 */
function isEncoderNote(unit: Uint8Array): boolean {
  if (typeOf(unit) !== TYPE.sei || unit[1] !== 5) return false;
  return String.fromCharCode(...unit.subarray(0, 64)).includes('x264 - core');
}

/** Bytes [from, to) of a packet that a unit with its length or start code takes the place of. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly unit: Uint8Array;
}

function edited(packet: Uint8Array, edits: readonly Edit[], lengthSize: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { from, to, unit } of edits) {
    const head = new Uint8Array(lengthSize || 3);
    const value = lengthSize > 0 ? unit.length : 1;
    for (let i = 0; i < head.length; i++) head[i] = value / 2 ** (8 * (head.length - 1 - i));
    pieces.push(packet.subarray(at, from), head, unit);
    at = to;
  }
  pieces.push(packet.subarray(at));
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}

/** `avcC` (ISO/IEC 14496-15 §5.3.3.1) with its sequence parameter sets replaced; as it was where it ends early. */
function withParameterSets(
  config: Uint8Array<ArrayBuffer>,
  replace: (sps: Uint8Array) => Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  const bytes = [...config.subarray(0, 6)];
  let replaced = false;
  let at = 6;
  for (let left = (config[5] ?? 0) & 31; left > 0; left--) {
    const size = (config[at] ?? 0) * 256 + (config[at + 1] ?? 0);
    const sps = config.subarray(at + 2, at + 2 + size);
    if (sps.length < size || size === 0) return config;
    const unit = replace(sps) ?? sps;
    replaced ||= unit !== sps;
    bytes.push(unit.length >> 8, unit.length & 255, ...unit);
    at += 2 + size;
  }
  return replaced ? Uint8Array.from([...bytes, ...config.subarray(at)]) : config;
}
