/**
 * YUV to RGB by our own integers, so that every machine gives the same pixels. 8-bit pictures follow the arithmetic of
 * libswscale's x86 converter (what decord and ffmpeg run): coefficients of 13 fractional bits, each product cut down on
 * its own, chroma taken from the nearest sample.
 */
import type { ColourFacts } from './api.ts';
import type { Planes } from './planes.ts';

/** Red from V, blue from U, green from U and from V for full-range chroma, 16 fractional bits (`ff_yuv2rgb_coeffs`). */
const COEFFICIENTS: Readonly<Record<ColourFacts['matrix'], readonly [number, number, number, number]>> = {
  bt601: [104597, 132201, 25675, 53279],
  bt709: [117489, 138438, 13975, 34925],
  bt2020: [110013, 140363, 12277, 42626],
  smpte240m: [117579, 136230, 16907, 35559],
  fcc: [104448, 132798, 24759, 53109],
  identity: [0, 0, 0, 0],
};

/** Contribution of each sample value to a channel; R = y + redV, G = y + greenU + greenV, B = y + blueU, clamped to 0…255. */
export interface ColourTables {
  readonly y: Int16Array;
  readonly redV: Int16Array;
  readonly greenU: Int16Array;
  readonly greenV: Int16Array;
  readonly blueU: Int16Array;
  /** The planes hold green, blue and red themselves. */
  readonly identity: boolean;
}

export function colourTables(
  colour: Pick<ColourFacts, 'matrix' | 'range'>,
  bitDepth: 8 | 10 | 12,
): ColourTables {
  const [rv, bu, gu, gv] = COEFFICIENTS[colour.matrix];
  const full = colour.range === 'full';
  // Coefficients are written for limited chroma (224 levels) and full luma; truncated as the C code does.
  const chroma = (c: number) => (full ? Math.trunc((c * 224) / 255) : c);
  const luma = full ? 65536 : Math.trunc((65536 * 255) / 219);
  const black = full ? 0 : 16;
  const table = bitDepth === 8 ? mmxTable : roundedTable;
  const offset = 128 << (bitDepth - 8);
  return {
    y: table(bitDepth, luma, black << (bitDepth - 8)),
    redV: table(bitDepth, chroma(rv), offset),
    greenU: table(bitDepth, -chroma(gu), offset),
    greenV: table(bitDepth, -chroma(gv), offset),
    blueU: table(bitDepth, chroma(bu), offset),
    identity: colour.matrix === 'identity',
  };
}

/** `pmulhw` of (sample − offset)·8 and the coefficient rounded to 13 fractional bits. */
function mmxTable(_bitDepth: number, coefficient: number, offset: number): Int16Array {
  const rounded = Math.floor((coefficient * 8192 + 32768) / 65536);
  return Int16Array.from({ length: 256 }, (_, value) => ((value - offset) * 8 * rounded) >> 16);
}

/** Deeper pictures to 8 bits, rounded to nearest. */
function roundedTable(bitDepth: number, coefficient: number, offset: number): Int16Array {
  const unit = 65536 * 2 ** (bitDepth - 8);
  return Int16Array.from({ length: 1 << bitDepth }, (_, value) =>
    Math.round(((value - offset) * coefficient) / unit),
  );
}

export type Rotation = 0 | 90 | 180 | 270;

/** A rectangle of the shown picture (rotation applied), in pixels; every `step`-th pixel of every `step`-th row. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly step: number;
}

/** Where the pixels go: `channels` bytes a pixel (a fourth is set to 255), `stride` bytes from row to row. */
export interface Target {
  readonly bytes: Uint8ClampedArray;
  readonly offset: number;
  readonly stride: number;
  readonly channels: 3 | 4;
}

export function shownSize(
  planes: Pick<Planes, 'width' | 'height'>,
  rotation: Rotation,
): { width: number; height: number } {
  const { width, height } = planes;
  return rotation % 180 === 0 ? { width, height } : { width: height, height: width };
}

/**
 * Writes ⌈width/step⌉ × ⌈height/step⌉ pixels of a region as RGB or RGBA.
 *
 * @param mirrored left and right of the turned picture change places
 */
export function writeRgb(
  planes: Planes,
  tables: ColourTables,
  rotation: Rotation,
  region: Region,
  target: Target,
  mirrored = false,
): void {
  const { width: W, height: H } = planes;
  // Coded position of shown (x, y): clockwise rotation turns the coded left edge into the shown top edge at 90°.
  let [x0, xx, xy, y0, yx, yy] = {
    0: [0, 1, 0, 0, 0, 1],
    90: [0, 0, 1, H - 1, -1, 0],
    180: [W - 1, -1, 0, H - 1, 0, -1],
    270: [W - 1, 0, -1, 0, 1, 0],
  }[rotation] as [number, number, number, number, number, number];
  if (mirrored) {
    const last = (rotation % 180 === 0 ? W : H) - 1;
    [x0, xx, y0, yx] = [x0 + last * xx, -xx, y0 + last * yx, -yx];
  }
  const columns = Math.ceil(region.width / region.step);
  const rows = Math.ceil(region.height / region.step);
  const { bytes, channels, offset, stride } = target;
  const inPairs =
    rotation === 0 &&
    !mirrored &&
    region.step === 1 &&
    region.x % 2 === 0 &&
    planes.shiftX === 1 &&
    planes.y.step === 1;
  const asPixels = channels === 4 && ((bytes.byteOffset + offset) | stride) % 4 === 0 && !tables.identity;
  const pixels =
    inPairs && asPixels ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) : null;
  for (let row = 0; row < rows; row++) {
    const sy = region.y + row * region.step;
    const x = x0 + region.x * xx + sy * xy;
    const y = y0 + region.x * yx + sy * yy;
    const at = offset + row * stride;
    if (pixels) writePairs(planes, tables, x, y, columns, pixels, at >> 2);
    else writeRow(planes, tables, x, y, xx * region.step, yx * region.step, columns, target, at);
  }
}

/** Sums of table values, −512 … 1023, clamped to 0 … 255: quicker than a clamped array, which rounds. */
const CLAMPED = Uint8Array.from({ length: 1536 }, (_, sum) => Math.min(255, Math.max(0, sum - 512)));

/**
 * `writeRow` for an upright picture whose pixels share their chroma in twos: RGBA, a pixel at a time. Every platform with
 * a browser keeps the lowest byte first.
 *
 * @param x even
 */
function writePairs(
  planes: Planes,
  tables: ColourTables,
  x: number,
  y: number,
  count: number,
  pixels: Uint32Array,
  at: number,
): void {
  const { samples } = planes;
  const { y: tableY, redV, greenU, greenV, blueU } = tables;
  const step = planes.u.step;
  const chroma = (y >> planes.shiftY) * planes.u.stride + (x >> 1) * step;
  let u = planes.u.offset + chroma;
  let v = planes.v.offset + chroma;
  let luma = planes.y.offset + y * planes.y.stride + x;
  for (let left = count; left > 0; left -= 2) {
    const red = 512 + redV[samples[v]!]!;
    const green = 512 + greenU[samples[u]!]! + greenV[samples[v]!]!;
    const blue = 512 + blueU[samples[u]!]!;
    const base = tableY[samples[luma]!]!;
    pixels[at] =
      CLAMPED[base + red]! | (CLAMPED[base + green]! << 8) | (CLAMPED[base + blue]! << 16) | OPAQUE;
    if (left > 1) {
      const next = tableY[samples[luma + 1]!]!;
      pixels[at + 1] =
        CLAMPED[next + red]! | (CLAMPED[next + green]! << 8) | (CLAMPED[next + blue]! << 16) | OPAQUE;
    }
    u += step;
    v += step;
    luma += 2;
    at += 2;
  }
}

const OPAQUE = 255 << 24;

/** One row of the shown picture: `count` pixels from coded (x, y) in steps of (dx, dy). */
function writeRow(
  planes: Planes,
  tables: ColourTables,
  x: number,
  y: number,
  dx: number,
  dy: number,
  count: number,
  target: Target,
  at: number,
): void {
  const { samples, shiftX, shiftY } = planes;
  const { y: tableY, redV, greenU, greenV, blueU, identity } = tables;
  const { bytes, channels } = target;
  const { offset: offsetY, stride: strideY, step: stepY } = planes.y;
  const { offset: offsetU, stride: strideU, step } = planes.u;
  const shiftUV = planes.v.offset - offsetU;
  for (let i = 0; i < count; i++) {
    const luma = samples[offsetY + y * strideY + x * stepY]!;
    const chroma = offsetU + (y >> shiftY) * strideU + (x >> shiftX) * step;
    const u = samples[chroma]!;
    const v = samples[chroma + shiftUV]!;
    const base = tableY[luma]!;
    if (identity) {
      bytes[at] = tableY[v]!;
      bytes[at + 1] = base;
      bytes[at + 2] = tableY[u]!;
    } else {
      bytes[at] = base + redV[v]!;
      bytes[at + 1] = base + greenU[u]! + greenV[v]!;
      bytes[at + 2] = base + blueU[u]!;
    }
    if (channels === 4) bytes[at + 3] = 255;
    at += channels;
    x += dx;
    y += dy;
  }
}
