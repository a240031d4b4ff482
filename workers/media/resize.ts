/**
 * Pillow's `Image.resize(…, BICUBIC)`: antialiased bicubic (a = −0.5) in fixed point of 22 bits, rows first, uint8
 * after each pass. Exact to the byte with Pillow 10.4–12.3.
 */

const PRECISION = 22;
const HALF = 1 << (PRECISION - 1);

/** Weights of one direction. Output i sums `count[i]` inputs from `first[i]` on, weights at `i · taps`. */
interface Weights {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly taps: number;
  readonly weight: Int32Array;
}

function bicubic(x: number): number {
  const a = -0.5;
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return (((t - 5) * t + 8) * t - 4) * a;
  return 0;
}

/** `precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow's Resample.c, the same operations in the same order. */
function weightsFor(from: number, to: number): Weights {
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = 2 * filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weight = new Int32Array(to * taps);
  const inverse = 1 / filterScale;
  const real = new Float64Array(taps);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const length = Math.min(from, Math.trunc(centre + support + 0.5)) - start;
    let sum = 0;
    for (let k = 0; k < length; k++) {
      real[k] = bicubic((k + start - centre + 0.5) * inverse);
      sum += real[k]!;
    }
    for (let k = 0; k < length; k++) {
      const scaled = (sum !== 0 ? real[k]! / sum : real[k]!) * (1 << PRECISION);
      weight[i * taps + k] = Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }
    first[i] = start;
    count[i] = length;
  }
  return { first, count, taps, weight };
}

/** The last few directions: every frame of a video asks for the same two. */
const cache = new Map<string, Weights>();

function cachedWeights(from: number, to: number): Weights {
  const key = `${from}>${to}`;
  let weights = cache.get(key);
  if (!weights) {
    weights = weightsFor(from, to);
    if (cache.size >= 8) cache.delete(cache.keys().next().value!);
    cache.set(key, weights);
  }
  return weights;
}

/**
 * @param source RGB or RGBA, [height, width, channels]; RGBA is quicker
 * @returns RGB, [toHeight, toWidth, 3]
 */
export function resizeRgb(
  source: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
  channels: 3 | 4 = 3,
): Uint8Array<ArrayBuffer> {
  if (width < 1 || height < 1 || source.length < width * height * channels)
    throw new RangeError(`An image of ${width}×${height} does not fit into ${source.length} bytes.`);
  // As Pillow: a pass that changes nothing is left out.
  const pixels = channels === 4 ? pixelsOf(source) : packed(source, width * height);
  const rows = new Uint8ClampedArray(toWidth * height * 3);
  if (width === toWidth) unpack(pixels, rows);
  else horizontal(pixels, width, height, cachedWeights(width, toWidth), rows, toWidth);
  if (height === toHeight) return new Uint8Array(rows.buffer);
  const out = new Uint8ClampedArray(toWidth * toHeight * 3);
  vertical(rows, toWidth * 3, cachedWeights(height, toHeight), out, toHeight);
  return new Uint8Array(out.buffer);
}

/** The same memory as one number a pixel, red in its lowest byte. */
function pixelsOf(rgba: Uint8Array | Uint8ClampedArray): Uint32Array {
  return new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length >> 2);
}

function packed(rgb: Uint8Array | Uint8ClampedArray, count: number): Uint32Array {
  const pixels = new Uint32Array(count);
  for (let i = 0, p = 0; i < count; i++, p += 3)
    pixels[i] = rgb[p]! | (rgb[p + 1]! << 8) | (rgb[p + 2]! << 16);
  return pixels;
}

function unpack(pixels: Uint32Array, rgb: Uint8ClampedArray): void {
  for (let i = 0, p = 0; p < rgb.length; i++, p += 3) {
    const pixel = pixels[i]!;
    rgb[p] = pixel & 255;
    rgb[p + 1] = (pixel >> 8) & 255;
    rgb[p + 2] = (pixel >> 16) & 255;
  }
}

/** Two rows at a time, so that each weight is fetched once for both; an odd last row is done twice. */
function horizontal(
  pixels: Uint32Array,
  width: number,
  height: number,
  { first, count, taps, weight }: Weights,
  out: Uint8ClampedArray,
  toWidth: number,
): void {
  for (let y = 0; y < height; y += 2) {
    const below = y + 1 < height ? width : 0;
    const atBelow = y + 1 < height ? toWidth * 3 : 0;
    let at = y * toWidth * 3;
    for (let x = 0; x < toWidth; x++) {
      let r = HALF;
      let g = HALF;
      let b = HALF;
      let r2 = HALF;
      let g2 = HALF;
      let b2 = HALF;
      let p = y * width + first[x]!;
      const end = x * taps + count[x]!;
      for (let k = x * taps; k < end; k++) {
        const c = weight[k]!;
        const upper = pixels[p]! | 0;
        const lower = pixels[p + below]! | 0;
        p++;
        r = (r + Math.imul(upper & 255, c)) | 0;
        g = (g + Math.imul((upper >> 8) & 255, c)) | 0;
        b = (b + Math.imul((upper >> 16) & 255, c)) | 0;
        r2 = (r2 + Math.imul(lower & 255, c)) | 0;
        g2 = (g2 + Math.imul((lower >> 8) & 255, c)) | 0;
        b2 = (b2 + Math.imul((lower >> 16) & 255, c)) | 0;
      }
      out[at] = r >> PRECISION;
      out[at + 1] = g >> PRECISION;
      out[at + 2] = b >> PRECISION;
      out[at + atBelow] = r2 >> PRECISION;
      out[at + atBelow + 1] = g2 >> PRECISION;
      out[at + atBelow + 2] = b2 >> PRECISION;
      at += 3;
    }
  }
}

/** Four rows at a time, so that each sum is fetched and kept once for them. */
function vertical(
  source: Uint8ClampedArray,
  stride: number,
  { first, count, taps, weight }: Weights,
  out: Uint8ClampedArray,
  toHeight: number,
): void {
  const sums = new Int32Array(stride);
  for (let y = 0; y < toHeight; y++) {
    sums.fill(HALF);
    const n = count[y]!;
    for (let k = 0; k < n; k += 4) {
      // Rows that are not there weigh nothing; any row may stand for them.
      const row = (first[y]! + k) * stride;
      const [w, left] = [y * taps + k, n - k];
      const a = weight[w]!;
      const b = left > 1 ? weight[w + 1]! : 0;
      const c = left > 2 ? weight[w + 2]! : 0;
      const d = left > 3 ? weight[w + 3]! : 0;
      const rowB = left > 1 ? row + stride : row;
      const rowC = left > 2 ? row + 2 * stride : row;
      const rowD = left > 3 ? row + 3 * stride : row;
      for (let i = 0; i < stride; i++)
        sums[i] =
          sums[i]! +
          Math.imul(source[row + i]!, a) +
          Math.imul(source[rowB + i]!, b) +
          Math.imul(source[rowC + i]!, c) +
          Math.imul(source[rowD + i]!, d);
    }
    const at = y * stride;
    for (let i = 0; i < stride; i++) out[at + i] = sums[i]! >> PRECISION;
  }
}

interface PlaneSize {
  readonly width: number;
  readonly height: number;
}

/**
 * One plane resized with the same weights, rounding after each pass.
 *
 * @param samples [from.height, from.width]
 * @param peak largest sample value
 * @returns [to.height, to.width], samples as wide as those given
 */
export function resizePlane(
  samples: Uint8Array | Uint16Array,
  from: PlaneSize,
  to: PlaneSize,
  peak: number,
): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> {
  const empty = (length: number) => (peak > 255 ? new Uint16Array(length) : new Uint8Array(length));
  const rows = empty(to.width * from.height);
  // Sums of 12-bit samples exceed 32 bits.
  const clamped = (sum: number) => Math.min(peak, Math.max(0, Math.floor((sum + HALF) / (1 << PRECISION))));
  const across = cachedWeights(from.width, to.width);
  for (let y = 0, at = 0; y < from.height; y++)
    for (let x = 0; x < to.width; x++, at++) {
      let sum = 0;
      const start = y * from.width + across.first[x]!;
      const weights = x * across.taps;
      for (let k = 0; k < across.count[x]!; k++) sum += samples[start + k]! * across.weight[weights + k]!;
      rows[at] = clamped(sum);
    }
  const out = empty(to.width * to.height);
  const down = cachedWeights(from.height, to.height);
  const sums = new Float64Array(to.width);
  for (let y = 0; y < to.height; y++) {
    sums.fill(0);
    for (let k = 0; k < down.count[y]!; k++) {
      const weight = down.weight[y * down.taps + k]!;
      const start = (down.first[y]! + k) * to.width;
      for (let x = 0; x < to.width; x++) sums[x] = sums[x]! + rows[start + x]! * weight;
    }
    for (let x = 0; x < to.width; x++) out[y * to.width + x] = clamped(sums[x]!);
  }
  return out;
}
