/** Sequence parameter set of H.264 (ITU-T H.264 §7.3.2.1.1 and annex E). */
import { BitReader } from './bits.ts';
import { rawPayload } from './nal.ts';
import { pixelShapeOf, pixelShapeOfIndex } from './pixel-shape.ts';
import { chromaOf, depthOf, type StreamHeader, sizeOf } from './stream-header.ts';

/** Profiles whose SPS carries chroma format and bit depth. */
const HIGH = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + bits.se() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipScalingMatrix(bits: BitReader, lists: number): void {
  for (let i = 0; i < lists; i++) {
    const present = bits.flag();
    if (present) skipScalingList(bits, i < 6 ? 16 : 64);
  }
}

/** Fields of a sequence parameter set that lie before its VUI. */
export interface H264Sequence {
  readonly chromaIdc: number;
  readonly bitDepth: number;
  readonly separatePlanes: boolean;
  readonly log2MaxFrameNum: number;
  /** `pic_order_cnt_type`: 0 = slices state their order, 2 = pictures are shown as they are decoded. */
  readonly orderType: number;
  /** Bits of the order that a slice states. */
  readonly orderBits: number;
  readonly maxRefFrames: number;
  /** True where every picture is a frame; false where fields and field pairs may occur. */
  readonly framesOnly: boolean;
  readonly width: number;
  readonly height: number;
}

/**
 * Reads an SPS up to `vui_parameters_present_flag`.
 *
 * @param bits behind emulation prevention, at the NAL unit's header byte
 * @throws RangeError when it ends early or says what cannot be
 */
export function readSequence(bits: BitReader): H264Sequence {
  bits.skip(8);
  const profile = bits.bits(8);
  bits.skip(16); // constraints, level
  bits.ue(); // seq_parameter_set_id
  let chromaIdc = 1;
  let bitDepth = 8;
  let separatePlanes = false;
  if (HIGH.has(profile)) {
    chromaIdc = bits.ue();
    if (chromaIdc === 3) separatePlanes = bits.flag();
    bitDepth = 8 + bits.ue();
    bits.ue(); // bit depth of chroma
    bits.skip(1); // lossless bypass
    if (bits.flag()) skipScalingMatrix(bits, chromaIdc === 3 ? 12 : 8);
  }
  const log2MaxFrameNum = 4 + bits.ue();
  const orderType = bits.ue();
  const orderBits = orderType === 0 ? 4 + bits.ue() : 0;
  if (orderType === 1) skipOrderCycle(bits);
  const maxRefFrames = bits.ue();
  bits.skip(1);
  const columns = bits.ue() + 1;
  const rows = bits.ue() + 1;
  const framesOnly = bits.flag();
  const fields = framesOnly ? 1 : 2;
  if (!framesOnly) bits.skip(1); // mb_adaptive
  bits.skip(1); // direct_8x8
  const crop = bits.flag() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const [unitX, unitY] = [chromaIdc === 1 || chromaIdc === 2 ? 2 : 1, (chromaIdc === 1 ? 2 : 1) * fields];
  return {
    chromaIdc,
    bitDepth,
    separatePlanes,
    log2MaxFrameNum,
    orderType,
    orderBits,
    maxRefFrames,
    framesOnly,
    width: columns * 16 - unitX * (crop[0]! + crop[1]!),
    height: rows * 16 * fields - unitY * (crop[2]! + crop[3]!),
  };
}

function skipOrderCycle(bits: BitReader): void {
  bits.skip(1);
  bits.se();
  bits.se();
  const cycle = bits.ue();
  if (cycle > 255) throw new RangeError(`${cycle} frames in a display-order cycle are too many.`);
  for (let i = 0; i < cycle; i++) bits.se();
}

/**
 * @param sps the NAL unit with its header byte
 * @throws RangeError when it ends early or says what cannot be
 */
export function parseH264Sps(sps: Uint8Array): StreamHeader {
  const bits = new BitReader(rawPayload(sps));
  const { bitDepth, chromaIdc, width, height } = readSequence(bits);
  const header = {
    bitDepth: depthOf(bitDepth),
    chroma: chromaOf(chromaIdc),
    ...sizeOf({ width, height }),
  };
  return bits.flag() ? { ...header, ...parseVui(bits) } : header;
}

/** `aspect_ratio_idc` of a shape that is written out. */
const WRITTEN_SHAPE = 255;

function pixelShape(bits: BitReader): Pick<StreamHeader, 'pixelShape'> {
  if (!bits.flag()) return {};
  const index = bits.bits(8);
  const pixelShape =
    index === WRITTEN_SHAPE ? pixelShapeOf(bits.bits(16), bits.bits(16)) : pixelShapeOfIndex(index);
  return pixelShape ? { pixelShape } : {};
}

/** The start of the VUI, alike in H.264 and HEVC: pixel shape and colour description. */
export function parseVui(
  bits: BitReader,
): Pick<StreamHeader, 'matrix' | 'transfer' | 'fullRange' | 'pixelShape'> {
  const shape = pixelShape(bits);
  return { ...shape, ...vuiColour(bits) };
}

function vuiColour(bits: BitReader): Pick<StreamHeader, 'matrix' | 'transfer' | 'fullRange'> {
  if (bits.flag()) bits.skip(1); // overscan
  if (!bits.flag()) return {};
  bits.skip(3); // video_format
  const fullRange = bits.flag();
  if (!bits.flag()) return { fullRange };
  bits.skip(8); // primaries
  return { fullRange, transfer: bits.bits(8), matrix: bits.bits(8) };
}
