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
 * @param source RGB, [height, width, 3]
 * @returns RGB, [toHeight, toWidth, 3]
 */
export function resizeRgb(
  source: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Uint8Array<ArrayBuffer> {
  if (width < 1 || height < 1 || source.length < width * height * 3)
    throw new RangeError(`A picture of ${width}×${height} does not fit into ${source.length} bytes.`);
  // As Pillow: a pass that changes nothing is left out, and only rows that the second pass reads are made.
  const across = width === toWidth ? null : cachedWeights(width, toWidth);
  const down = height === toHeight ? null : cachedWeights(height, toHeight);
  let rows: Uint8Array | Uint8ClampedArray = source;
  if (across) {
    const narrow = new Uint8ClampedArray(toWidth * height * 3);
    horizontal(source, width, height, across, narrow, toWidth);
    rows = narrow;
  }
  const out = new Uint8ClampedArray(toWidth * toHeight * 3);
  if (down) vertical(rows, toWidth * 3, down, out, toHeight);
  else out.set(rows.subarray(0, out.length));
  return new Uint8Array(out.buffer);
}

function horizontal(
  source: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
  { first, count, taps, weight }: Weights,
  out: Uint8ClampedArray,
  toWidth: number,
): void {
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = y * width * 3;
    for (let x = 0; x < toWidth; x++) {
      let [r, g, b] = [HALF, HALF, HALF];
      let p = row + first[x]! * 3;
      const w = x * taps;
      const end = w + count[x]!;
      for (let k = w; k < end; k++) {
        const c = weight[k]!;
        r = (r + Math.imul(source[p]!, c)) | 0;
        g = (g + Math.imul(source[p + 1]!, c)) | 0;
        b = (b + Math.imul(source[p + 2]!, c)) | 0;
        p += 3;
      }
      out[at] = r >> PRECISION;
      out[at + 1] = g >> PRECISION;
      out[at + 2] = b >> PRECISION;
      at += 3;
    }
  }
}

function vertical(
  source: Uint8Array | Uint8ClampedArray,
  stride: number,
  { first, count, taps, weight }: Weights,
  out: Uint8ClampedArray,
  toHeight: number,
): void {
  const sums = new Int32Array(stride);
  for (let y = 0; y < toHeight; y++) {
    sums.fill(HALF);
    for (let k = 0; k < count[y]!; k++) {
      const c = weight[y * taps + k]!;
      const row = (first[y]! + k) * stride;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + Math.imul(source[row + i]!, c);
    }
    const at = y * stride;
    for (let i = 0; i < stride; i++) out[at + i] = sums[i]! >> PRECISION;
  }
}
