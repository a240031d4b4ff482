/**
 * H.264 of flat grey pictures without an encoder: every macroblock is I_PCM, so each picture's luma is what it was made
 * with, in whatever order, as frames or as pairs of fields. Sizes are multiples of 16 by 32.
 */

/** Luma by which picture i of a stream is known again; neighbours differ by 7, repeats come after 32 pictures. */
export const greyOf = (frame: number): number => 16 + ((frame * 7) % 219);

class Bits {
  private text = '';
  u(value: number, width: number): this {
    this.text += value.toString(2).padStart(width, '0');
    return this;
  }
  ue(value: number): this {
    const code = (value + 1).toString(2);
    this.text += '0'.repeat(code.length - 1) + code;
    return this;
  }
  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }
  align(): this {
    this.text = this.text.padEnd(Math.ceil(this.text.length / 8) * 8, '0');
    return this;
  }
  /** Bytes with the stop bit. */
  bytes(): number[] {
    return bytesOf(`${this.text}1`);
  }
  /** Bits so far; a whole number of bytes. */
  aligned(): number[] {
    return bytesOf(this.align().text);
  }
}

function bytesOf(text: string): number[] {
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
  return (padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
}

/** A NAL unit with emulation prevention. */
function unit(header: number, payload: readonly number[]): Uint8Array {
  const out = [header];
  let zeros = 0;
  for (const byte of payload) {
    if (zeros >= 2 && byte <= 3) {
      out.push(3);
      zeros = 0;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out.push(byte);
  }
  return Uint8Array.from(out);
}

export interface PcmFormat {
  readonly width: number;
  readonly height: number;
  /** Field pictures, top field first. */
  readonly fields?: boolean;
  /** Picture order counts grow by one from frame to frame, not by two, as old QuickTime writes them. */
  readonly countsByOne?: boolean;
  /** `max_num_reorder_frames` that the SPS states. */
  readonly reordering?: number;
}

/** Sequence and picture parameter set. */
export function pcmParameterSets(format: PcmFormat): [sps: Uint8Array, pps: Uint8Array] {
  const { width, height, fields = false, reordering } = format;
  const bits = new Bits().u(77, 8).u(0, 8).u(30, 8).ue(0); // Main, level 3
  bits.ue(4).ue(0).ue(4).ue(4).u(0, 1); // 8 bits of frame number, order type 0 of 8 bits, 4 references
  bits
    .ue(width / 16 - 1)
    .ue(height / (fields ? 32 : 16) - 1)
    .u(fields ? 0 : 1, 1);
  if (fields) bits.u(0, 1);
  bits.u(1, 1).u(0, 1); // direct 8×8, no cropping
  if (reordering === undefined) bits.u(0, 1);
  else
    bits.u(0b1_0000_0000, 9).u(0b11, 2).ue(0).ue(0).ue(16).ue(16).ue(reordering).ue(Math.max(4, reordering));
  const pps = new Bits().ue(0).ue(0).u(0, 1).u(0, 1).ue(0).ue(0).ue(0).u(0, 3).se(0).se(0).se(0).u(0b100, 3);
  return [unit(0x67, bits.bytes()), unit(0x68, pps.bytes())];
}

export interface PcmFrame {
  /** Luma, 16 to 235. */
  readonly grey: number;
  /** Position on screen, counted from the last IDR picture. */
  readonly shown: number;
  readonly idr: boolean;
  /** Later pictures may refer to it; an IDR picture always is. */
  readonly reference: boolean;
  readonly frameNumber: number;
  /** A recovery point: decoding can start although it is no IDR picture. */
  readonly recovery?: boolean;
}

/** Slices of a picture, one a field; a recovery point is an SEI unit before them. */
export function pcmFrame(format: PcmFormat, frame: PcmFrame): Uint8Array[][] {
  const { fields = false } = format;
  const sides = fields ? [0, 1] : [null];
  return sides.map((bottom) => [
    ...(frame.recovery && bottom !== 1 ? [unit(6, [6, 1, 0xc4, 0x80])] : []),
    slice(format, frame, bottom),
  ]);
}

function slice(format: PcmFormat, frame: PcmFrame, bottom: number | null): Uint8Array {
  const { width, height, countsByOne = false } = format;
  // Only the first field of an IDR picture is one.
  const idr = frame.idr && bottom !== 1;
  const reference = frame.reference || frame.idr;
  const bits = new Bits()
    .ue(0)
    .ue(7)
    .ue(0)
    .u(frame.frameNumber & 255, 8);
  if (bottom !== null) bits.u(1, 1).u(bottom, 1);
  if (idr) bits.ue(0);
  bits.u((frame.shown * (countsByOne ? 1 : 2) + (bottom ?? 0)) & 255, 8);
  if (idr) bits.u(0, 2);
  else if (reference) bits.u(0, 1);
  bits.se(0).ue(1); // quantiser, no deblocking
  const bytes: number[] = [];
  const macroblocks = (width * height) / 256 / (bottom === null ? 1 : 2);
  for (let i = 0; i < macroblocks; i++) {
    const head = i === 0 ? bits : new Bits();
    bytes.push(...head.ue(25).aligned(), ...Array(256).fill(frame.grey), ...Array(128).fill(128));
  }
  return unit((reference ? 0x60 : 0) | (idr ? 5 : 1), [...bytes, 0x80]);
}

/** Byte stream of units with start codes. */
export const annexB = (units: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(units.flatMap((one) => [0, 0, 0, 1, ...one]));

/** A packet of units with lengths of four bytes, as MP4 and Matroska store them. */
export const lengthPrefixed = (units: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(
    units.flatMap((one) => [
      one.length >> 24,
      (one.length >> 16) & 255,
      (one.length >> 8) & 255,
      one.length & 255,
      ...one,
    ]),
  );

/** `avcC` of parameter sets. */
export function pcmConfiguration([sps, pps]: readonly [Uint8Array, Uint8Array]): Uint8Array {
  const sized = (one: Uint8Array) => [one.length >> 8, one.length & 255, ...one];
  return Uint8Array.from([1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1, ...sized(sps), 1, ...sized(pps)]);
}

export interface TsOptions {
  /** Bytes before and behind each packet of 188. */
  readonly before?: number;
  readonly behind?: number;
  /** Packets of the programme's tables: at the start, or where half of the pictures are past, or nowhere. */
  readonly tables?: 'first' | 'middle' | 'none';
}

/**
 * MPEG-TS of one H.264 stream. Each PES packet holds one element of `pictures`.
 *
 * @param pictures byte streams with their times in ticks of 90 kHz; null states none
 */
export function transportStream(
  elements: readonly { readonly bytes: Uint8Array; readonly pts: number | null }[],
  { before = 0, behind = 0, tables = 'first' }: TsOptions = {},
): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  const counters = new Map<number, number>();
  const packet = (pid: number, starts: boolean, payload: readonly number[]) => {
    const count = counters.get(pid) ?? 0;
    counters.set(pid, (count + 1) & 15);
    const room = 184 - payload.length;
    const stuffing = room === 0 ? [] : room === 1 ? [0] : [room - 1, 0, ...Array(room - 2).fill(255)];
    const head = [0x47, (starts ? 0x40 : 0) | (pid >> 8), pid & 255, (room === 0 ? 0x10 : 0x30) | count];
    out.push(...Array(before).fill(0), ...head, ...stuffing, ...payload, ...Array(behind).fill(0));
  };
  const section = (pid: number, table: number, body: readonly number[]) => {
    const length = 5 + body.length + 4;
    packet(pid, true, [0, table, 0xb0 | (length >> 8), length & 255, 0, 1, 0xc1, 0, 0, ...body, 0, 0, 0, 0]);
  };
  const programme = () => {
    section(0, 0, [0, 1, 0xf0, 0x00]);
    section(0x1000, 2, [0xe1, 0, 0xf0, 0, 27, 0xe1, 0, 0xf0, 0]);
  };
  if (tables === 'first') programme();
  for (const [i, { bytes, pts }] of elements.entries()) {
    if (tables === 'middle' && i === elements.length >> 1) programme();
    const pes = [0, 0, 1, 0xe0, 0, 0, 0x80, ...(pts === null ? [0, 0] : [0x80, 5, ...stamp(pts)]), ...bytes];
    for (let at = 0; at < pes.length; at += 184) packet(0x100, at === 0, pes.slice(at, at + 184));
  }
  return Uint8Array.from(out);
}

function stamp(pts: number): number[] {
  const high = Math.floor(pts / 2 ** 30) & 7;
  const middle = Math.floor(pts / 2 ** 15) & 0x7fff;
  const low = pts % 2 ** 15;
  return [0x21 | (high << 1), middle >> 7, ((middle & 127) << 1) | 1, low >> 7, ((low & 127) << 1) | 1];
}
