/**
 * Reordering depth of H.264, written into sequence parameter sets that do not state one. A decoder then assumes none and
 * drops the first pictures that come out of order, until it has learnt better: in a short range those are the wanted ones.
 */
import { BitReader } from './bits.ts';
import { readSequence } from './h264.ts';
import { rawPayload, withEmulation } from './nal.ts';
import type { FrameOrder } from './plan.ts';

/** Frames that a decoded picture buffer holds at most. */
const MAX_DEPTH = 16;

/** The largest number of packets that are stored before a packet and shown after it (`max_num_reorder_frames`). */
export function reorderingDepth({ frame }: Pick<FrameOrder, 'frame'>): number {
  let depth = 0;
  /** The latest frames so far, ascending. */
  const latest: number[] = [];
  for (const one of frame) {
    let at = latest.length;
    while (at > 0 && latest[at - 1]! > one) at--;
    depth = Math.max(depth, latest.length - at);
    latest.splice(at, 0, one);
    if (latest.length > MAX_DEPTH) latest.shift();
  }
  return depth;
}

/** `max_num_reorder_frames` of an SPS; null where it does not state one, or cannot be read. */
export function statedReordering(sps: Uint8Array): number | null {
  const bits = new BitReader(rawPayload(sps));
  try {
    readSequence(bits);
    if (!bits.flag()) return null;
    skipVui(bits);
    if (!bits.flag()) return null;
    bits.skip(1); // motion vectors over the edges
    for (let i = 0; i < 4; i++) bits.ue();
    return bits.ue();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * @param sps the NAL unit with its header byte
 * @returns a copy that states the depth; null where the SPS states one itself, or cannot be read
 */
export function withReordering(sps: Uint8Array, depth: number): Uint8Array<ArrayBuffer> | null {
  const raw = rawPayload(sps);
  const bits = new BitReader(raw);
  const out = new BitWriter();
  try {
    const { maxRefFrames } = readSequence(bits);
    const vuiAt = bits.position;
    if (bits.flag()) {
      skipVui(bits);
      const restrictionAt = bits.position;
      if (bits.flag()) return null;
      out.copy(raw, restrictionAt);
    } else {
      out.copy(raw, vuiAt);
      // VUI: present, and nothing in it up to the restriction: aspect ratio, overscan, signal type, chroma location,
      // timing, both HRDs, picture structure.
      out.bits(0b1_0000_0000, 9);
    }
    // Motion vectors over the edges are allowed; no limit of sizes; the largest vectors.
    out.bits(0b11, 2);
    for (const value of [0, 0, MAX_DEPTH, MAX_DEPTH, depth, Math.max(depth, maxRefFrames)]) out.ue(value);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return out.unit();
}

/** From behind the VUI's own flag to `bitstream_restriction_flag`. */
function skipVui(bits: BitReader): void {
  if (bits.flag() && bits.bits(8) === 255) bits.skip(32); // aspect ratio
  if (bits.flag()) bits.skip(1); // overscan
  if (bits.flag()) {
    bits.skip(4); // video format, range
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.ue(); // chroma location
    bits.ue();
  }
  if (bits.flag()) bits.skip(65); // timing
  const nal = bits.flag();
  if (nal) skipHrd(bits);
  const vcl = bits.flag();
  if (vcl) skipHrd(bits);
  if (nal || vcl) bits.skip(1); // low delay
  bits.skip(1); // picture structure
}

function skipHrd(bits: BitReader): void {
  const count = bits.ue() + 1;
  if (count > 32) throw new RangeError(`${count} coded picture buffers are too many.`);
  bits.skip(8);
  for (let i = 0; i < count; i++) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);
}

/** Bits of a NAL unit, most significant first. */
class BitWriter {
  private readonly written: number[] = [];

  bits(value: number, count: number): void {
    for (let i = count - 1; i >= 0; i--) this.written.push((value >> i) & 1);
  }

  ue(value: number): void {
    const length = Math.floor(Math.log2(value + 1));
    this.bits(0, length);
    this.bits(value + 1, length + 1);
  }

  /** The first `count` bits of a unit without emulation prevention. */
  copy(raw: Uint8Array, count: number): void {
    for (let at = 0; at < count; at++) this.written.push((raw[at >> 3]! >> (7 - (at & 7))) & 1);
  }

  /** The unit with its stop bit and emulation prevention bytes. */
  unit(): Uint8Array<ArrayBuffer> {
    const all = [...this.written, 1];
    const bytes: number[] = [];
    for (let at = 0; at < all.length; at += 8) {
      let byte = 0;
      for (let i = 0; i < 8; i++) byte = byte * 2 + (all[at + i] ?? 0);
      bytes.push(byte);
    }
    return withEmulation(bytes);
  }
}
