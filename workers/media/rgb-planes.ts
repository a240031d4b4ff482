/**
 * Luma and chroma taken back from RGB. Firefox converts decoded 4:2:0 frames with libyuv before it hands them over:
 * integers of 6 fractional bits, chroma from the nearest sample. That conversion can be undone: for every 2 × 2 pixels the
 * planes are searched that give exactly these pixels. Where they are not found, another converter has been at work (a
 * graphics adapter, interpolated chroma), and the RGB is all there is.
 */
import type { Planes } from './planes.ts';

/** Coefficients of libyuv's `YuvConstants`: luma gain and offset, U to blue and green, V to green and red. */
interface Conversion {
  readonly matrix: string;
  readonly full: boolean;
  readonly luma: number;
  readonly offset: number;
  readonly ub: number;
  readonly ug: number;
  readonly vg: number;
  readonly vr: number;
}

const limited = { full: false, luma: 18997, offset: -1160 } as const;
const full = { full: true, luma: 16320, offset: 32 } as const;

/** On x86 the U coefficient of blue is cut to 128; other processors use it as it is. */
const CONVERSIONS: readonly Conversion[] = [
  { matrix: 'bt709', ...limited, ub: 128, ug: 14, vg: 34, vr: 115 },
  { matrix: 'smpte170m', ...limited, ub: 128, ug: 25, vg: 52, vr: 102 },
  { matrix: 'bt2020-ncl', ...limited, luma: 19003, ub: 128, ug: 12, vg: 42, vr: 107 },
  { matrix: 'bt709', ...limited, ub: 135, ug: 14, vg: 34, vr: 115 },
  { matrix: 'smpte170m', ...limited, ub: 129, ug: 25, vg: 52, vr: 102 },
  { matrix: 'bt2020-ncl', ...limited, luma: 19003, ub: 137, ug: 12, vg: 42, vr: 107 },
  { matrix: 'smpte170m', ...full, ub: 113, ug: 22, vg: 46, vr: 90 },
  { matrix: 'bt709', ...full, ub: 119, ug: 12, vg: 30, vr: 101 },
  { matrix: 'bt2020-ncl', ...full, ub: 120, ug: 11, vg: 37, vr: 94 },
];

/** Blocks of which the conversion is told: every so many rows of blocks. */
const SAMPLED_ROWS = 16;
/** Share of blocks without clipped channels that may stay unexplained. */
const UNEXPLAINED = 0.005;
/** Share of blocks with clipped channels, black ones left out, up to which planes count as the decoder's. */
const CLIPPED = 0.1;
/** Steps of chroma within which the planes of a block are searched: rounding needs one, clipped colours more. */
const NEAR = 1;
const FAR = 6;

/** Offsets of U and V, nearest first. */
const SIDE = 2 * FAR + 1;
const SPIRAL = Array.from(
  { length: SIDE ** 2 },
  (_, i) => [(i % SIDE) - FAR, Math.floor(i / SIDE) - FAR] as const,
).sort(([a, b], [c, d]) => a * a + b * b - c * c - d * d);
const [STEPS_U, STEPS_V] = [Int8Array.from(SPIRAL, ([du]) => du), Int8Array.from(SPIRAL, ([, dv]) => dv)];

const NEAR_STEPS = (2 * NEAR + 1) ** 2;

const clampByte = (value: number) => Math.min(255, Math.max(0, value));

/** Undoes one conversion, block by block. */
class Inverse {
  /** Contribution of each luma value, ascending. */
  private readonly luma: Int32Array;
  /** First luma value whose contribution is at least `index + base`. */
  private readonly atLeast: Int16Array;
  private readonly base: number;
  private readonly top: number;
  private readonly conversion: Conversion;
  /** Luma values of the last block that was explained. */
  readonly y = new Uint8Array(4);
  u = 0;
  v = 0;

  constructor(conversion: Conversion) {
    this.conversion = conversion;
    const { luma, offset } = conversion;
    this.luma = Int32Array.from({ length: 256 }, (_, y) => Math.floor((y * 0x101 * luma) / 65536) + offset);
    this.base = this.luma[0]!;
    this.top = this.luma[255]!;
    this.atLeast = new Int16Array(this.top - this.base + 1);
    let y = 0;
    for (let i = 0; i < this.atLeast.length; i++) {
      while (this.luma[y]! < i + this.base) y++;
      this.atLeast[i] = y;
    }
  }

  /**
   * Searches the planes of up to four pixels that share their chroma, in `steps` places around the estimate.
   *
   * @param rgb red, green and blue of each pixel
   * @returns false when no planes give exactly these pixels; `y`, `u` and `v` then hold the estimate
   */
  solve(rgb: Uint8Array, count: number, steps: number): boolean {
    const { ug, vg } = this.conversion;
    this.estimate(rgb, count);
    const { u, v } = this;
    for (let k = 0; k < steps; k++)
      if (this.explains(rgb, count, u + STEPS_U[k]!, v + STEPS_V[k]!)) return true;
    this.u = clampByte(u);
    this.v = clampByte(v);
    for (let i = 0; i < count; i++) this.y[i] = this.nearest(rgb[3 * i + 1]!, ug, vg);
    return false;
  }

  /** Sets U and V by the linear equations, of pixels that are not clipped where there are any. */
  private estimate(rgb: Uint8Array, count: number): void {
    const { ub, ug, vg, vr } = this.conversion;
    let blue = 0;
    let red = 0;
    let n = 0;
    for (let clipped = 0; clipped <= 1 && n === 0; clipped++)
      for (let i = 0; i < 3 * count; i += 3) {
        const r = rgb[i]!;
        const g = rgb[i + 1]!;
        const b = rgb[i + 2]!;
        if (clipped === 0 && (isClipped(r) || isClipped(g) || isClipped(b))) continue;
        blue += b - g;
        red += r - g;
        n++;
      }
    // B − G = (ub + ug)·u + vg·v and R − G = ug·u + (vr + vg)·v, in 64ths.
    const scale = 64 / (n * ((ub + ug) * (vr + vg) - vg * ug));
    this.u = 128 + Math.round(scale * (blue * (vr + vg) - red * vg));
    this.v = 128 + Math.round(scale * (red * (ub + ug) - blue * ug));
  }

  private nearest(green: number, ug: number, vg: number): number {
    const at = 64 * green + 32 + (this.u - 128) * ug + (this.v - 128) * vg - this.base;
    return this.atLeast[Math.min(this.atLeast.length - 1, Math.max(0, at))]!;
  }

  private explains(rgb: Uint8Array, count: number, u: number, v: number): boolean {
    if (u < 0 || u > 255 || v < 0 || v > 255) return false;
    const { ub, ug, vg, vr } = this.conversion;
    const red = (v - 128) * vr;
    const green = -(u - 128) * ug - (v - 128) * vg;
    const blue = (u - 128) * ub;
    for (let i = 0, at = 0; i < count; i++, at += 3) {
      // A channel is (luma + chroma) >> 6, clipped: each gives the luma's bounds.
      const r = rgb[at]!;
      const g = rgb[at + 1]!;
      const b = rgb[at + 2]!;
      const low = Math.max(LOWER[r]! - red, LOWER[g]! - green, LOWER[b]! - blue, this.base);
      const high = Math.min(UPPER[r]! - red, UPPER[g]! - green, UPPER[b]! - blue);
      if (low > high || low > this.top) return false;
      const first = this.atLeast[low - this.base]!;
      if (this.luma[first]! > high) return false;
      this.y[i] = first;
    }
    this.u = u;
    this.v = v;
    return true;
  }
}

const isClipped = (value: number) => value === 0 || value === 255;

function hasClipped(rgb: Uint8Array, count: number): boolean {
  for (let i = 0; i < 3 * count; i++) if (isClipped(rgb[i]!)) return true;
  return false;
}

/** Bounds of a channel before the shift by six; clipped values have one bound only. */
const LOWER = Int32Array.from({ length: 256 }, (_, value) => (value === 0 ? -65536 : value << 6));
const UPPER = Int32Array.from({ length: 256 }, (_, value) => (value === 255 ? 131072 : (value << 6) + 63));

/** Copies the pixels of a block into `rgb`; returns their number, fewer at odd edges. */
function readBlock(source: Planes, x: number, y: number, rgb: Uint8Array): number {
  const { samples, width, height } = source;
  const { stride, step } = source.y;
  const red = source.v.offset - source.y.offset;
  const blue = source.u.offset - source.y.offset;
  const right = x + 1 < width ? 2 : 1;
  const below = y + 1 < height ? 2 : 1;
  let to = 0;
  for (let row = 0; row < below; row++) {
    let at = source.y.offset + (y + row) * stride + x * step;
    for (let column = 0; column < right; column++, at += step) {
      rgb[to++] = samples[at + red]!;
      rgb[to++] = samples[at]!;
      rgb[to++] = samples[at + blue]!;
    }
  }
  return right * below;
}

export class RgbInverter {
  private readonly inverses = new Map<Conversion, Inverse>();

  private inverse(conversion: Conversion): Inverse {
    const made = this.inverses.get(conversion) ?? new Inverse(conversion);
    this.inverses.set(conversion, made);
    return made;
  }

  /** The conversion that explains a sample of the frame, null when none does. */
  private find(source: Planes, { matrix, fullRange }: VideoColorSpaceInit): Inverse | null {
    const reported = (one: Conversion) => Number(one.matrix === matrix) + Number(one.full === fullRange);
    const rgb = new Uint8Array(12);
    for (const conversion of CONVERSIONS.toSorted((a, b) => reported(b) - reported(a))) {
      const inverse = this.inverse(conversion);
      let [blocks, explained] = [0, 0];
      for (let y = 0; y < source.height; y += 2 * SAMPLED_ROWS)
        for (let x = 0; x < source.width; x += 2) {
          const count = readBlock(source, x, y, rgb);
          if (hasClipped(rgb, count)) continue;
          blocks++;
          if (inverse.solve(rgb, count, NEAR_STEPS)) explained++;
        }
      if (blocks - explained <= UNEXPLAINED * blocks) return inverse;
    }
    return null;
  }

  /**
   * Planes that libyuv made the RGB of, 8 bits 4:2:0. Clipped channels leave a choice; the planes nearest to the RGB are
   * taken.
   *
   * @param source RGB as planes for the identity matrix
   * @param colour as the frame reports it; other conversions are tried after the reported one
   * @returns null where no conversion explains the frame
   */
  planesOf(source: Planes, colour: VideoColorSpaceInit): Planes | null {
    const inverse = this.find(source, colour);
    if (!inverse) return null;
    const { width, height } = source;
    const [chromaWidth, chromaHeight] = [(width + 1) >> 1, (height + 1) >> 1];
    const area = width * height;
    const samples = new Uint8Array(area + 2 * chromaWidth * chromaHeight);
    const v = area + chromaWidth * chromaHeight;
    const rgb = new Uint8Array(12);
    let left = UNEXPLAINED * chromaWidth * chromaHeight;
    let clipped = 0;
    for (let cy = 0; cy < chromaHeight; cy++)
      for (let cx = 0; cx < chromaWidth; cx++) {
        const count = readBlock(source, 2 * cx, 2 * cy, rgb);
        const isExplained = inverse.solve(rgb, count, SPIRAL.length);
        if (hasClipped(rgb, count)) clipped += Number(rgb.some((value) => value > 0));
        else if (!isExplained && --left < 0) return null;
        const at = cy * chromaWidth + cx;
        samples[area + at] = inverse.u;
        samples[v + at] = inverse.v;
        const columns = Math.min(2, width - 2 * cx);
        for (let i = 0; i < count; i++)
          samples[(2 * cy + Math.floor(i / columns)) * width + 2 * cx + (i % columns)] = inverse.y[i]!;
      }
    return {
      width,
      height,
      bitDepth: 8,
      shiftX: 1,
      shiftY: 1,
      samples,
      y: { offset: 0, stride: width, step: 1 },
      u: { offset: area, stride: chromaWidth, step: 1 },
      v: { offset: v, stride: chromaWidth, step: 1 },
      ...(clipped > CLIPPED * chromaWidth * chromaHeight ? { clipped: true as const } : {}),
    };
  }
}
