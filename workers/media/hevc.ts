/** Sequence parameter set of HEVC (ITU-T H.265 §7.3.2.2 and annex E). */
import { BitReader } from './bits.ts';
import { parseVui } from './h264.ts';
import { rawPayload } from './nal.ts';
import { chromaOf, depthOf, type StreamHeader, sizeOf } from './stream-header.ts';

function skipProfileTierLevel(bits: BitReader, maxSubLayersMinus1: number): void {
  bits.skip(88 + 8);
  const present: [boolean, boolean][] = [];
  for (let i = 0; i < maxSubLayersMinus1; i++) present.push([bits.flag(), bits.flag()]);
  if (maxSubLayersMinus1 > 0) bits.skip(2 * (8 - maxSubLayersMinus1));
  for (const [profile, level] of present) bits.skip((profile ? 88 : 0) + (level ? 8 : 0));
}

function skipScalingLists(bits: BitReader): void {
  for (let size = 0; size < 4; size++)
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!bits.flag()) bits.ue();
      else {
        if (size > 1) bits.se();
        for (let i = 0; i < Math.min(64, 1 << (4 + (size << 1))); i++) bits.se();
      }
    }
}

/** Short-term reference picture sets (§7.3.7): only their lengths matter here. */
function skipShortTermSets(bits: BitReader): void {
  const count = bits.ue();
  if (count > 64) throw new RangeError(`${count} reference sets are too many.`);
  let references = 0;
  for (let set = 0; set < count; set++) {
    if (set > 0 && bits.flag()) {
      bits.skip(1);
      bits.ue();
      let referenced = 0;
      for (let i = 0; i <= references; i++) {
        const usedByCurrent = bits.flag();
        if (usedByCurrent || bits.flag()) referenced++;
      }
      references = referenced;
    } else {
      references = bits.ue() + bits.ue();
      if (references > 32) throw new RangeError(`${references} reference frames are too many.`);
      for (let i = 0; i < references; i++) {
        bits.ue();
        bits.skip(1);
      }
    }
  }
}

/** Reads an SPS from its header up to the sizes of its picture buffers. */
function readStart(bits: BitReader) {
  bits.skip(16 + 4);
  const subLayers = bits.bits(3);
  bits.skip(1);
  skipProfileTierLevel(bits, subLayers);
  bits.ue(); // id
  const chromaIdc = bits.ue();
  const separatePlanes = chromaIdc === 3 && bits.flag();
  const [width, height] = [bits.ue(), bits.ue()];
  const window = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const [unitX, unitY] = [chromaIdc === 1 || chromaIdc === 2 ? 2 : 1, chromaIdc === 1 ? 2 : 1];
  const size = {
    width: width - unitX * (window[0]! + window[1]!),
    height: height - unitY * (window[2]! + window[3]!),
  };
  const depth = 8 + bits.ue();
  bits.ue();
  const orderBits = 4 + bits.ue();
  let reordering = 0;
  const every = bits.flag();
  for (let i = every ? 0 : subLayers; i <= subLayers; i++) {
    bits.ue(); // size of the picture buffer
    reordering = bits.ue();
    bits.ue(); // latency
  }
  return { chromaIdc, separatePlanes, size, depth, orderBits, reordering };
}

export interface HevcOrder {
  /** Bits of the order that a slice states. */
  readonly orderBits: number;
  readonly separatePlanes: boolean;
  /** `sps_max_num_reorder_pics` of the highest layer. */
  readonly reordering: number;
}

/** @throws RangeError when it ends early or says what cannot be */
export function hevcOrder(sps: Uint8Array): HevcOrder {
  return readStart(new BitReader(rawPayload(sps)));
}

/**
 * @param sps the NAL unit with its two header bytes
 * @throws RangeError when it ends early or says what cannot be
 */
export function parseHevcSps(sps: Uint8Array): StreamHeader {
  const bits = new BitReader(rawPayload(sps));
  const { chromaIdc, size, depth, orderBits } = readStart(bits);
  for (let i = 0; i < 6; i++) bits.ue(); // coding and transform block sizes, hierarchy depths
  const scaling = bits.flag();
  if (scaling && bits.flag()) skipScalingLists(bits);
  bits.skip(2); // amp, sample adaptive offset
  if (bits.flag()) {
    bits.skip(8); // PCM bit depths
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  skipShortTermSets(bits);
  if (bits.flag()) {
    const longTerm = bits.ue();
    if (longTerm > 32) throw new RangeError(`${longTerm} long-term frames are too many.`);
    bits.skip(longTerm * (orderBits + 1));
  }
  bits.skip(2); // temporal MVP, strong intra smoothing
  const header = { bitDepth: depthOf(depth), chroma: chromaOf(chromaIdc), ...sizeOf(size) };
  return bits.flag() ? { ...header, ...parseVui(bits) } : header;
}
