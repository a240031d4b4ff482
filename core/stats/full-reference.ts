/**
 * Full-reference metrics of two luma planes, as ffmpeg's filters `psnr` and `ssim` define them.
 *
 * PSNR is 10·log10(peak² / MSE) over all samples. SSIM is the mean over 8 × 8 windows at every fourth row and column, with
 * sums of equal weight (no Gaussian), C1 = (0.01·peak)² and C2 = (0.03·peak)²; rows and columns that do not fill a window are
 * left out. Wang et al. (2004) slide an 11 × 11 Gaussian window over every pixel, so their values differ. Ours.
 */

/** A plane in memory. Sample (x, y) lies at offset + y · stride + x. */
export interface LumaPlane {
  readonly samples: Uint8Array | Uint16Array;
  readonly offset: number;
  readonly stride: number;
}

export interface PlaneMetrics {
  /** Mean squared error in squared sample steps. */
  readonly mse: number;
  /** Null for planes with less than 8 rows or columns. */
  readonly ssim: number | null;
}

/** PSNR in dB; infinite for an error of 0. */
export function psnr(mse: number, peak: number): number {
  return 10 * Math.log10((peak * peak) / mse);
}

/** Numbers of a block of 4 × 4 samples: Σa, Σb, Σ(a² + b²), Σab. */
const SUMS = 4;

/** Compares planes of one size; its memory is reused from pair to pair. */
export class PlaneComparer {
  private readonly width: number;
  private readonly height: number;
  private readonly c1: number;
  private readonly c2: number;
  /** Blocks of a row of blocks, and rows of blocks. */
  private readonly columns: number;
  private readonly rows: number;
  private above: Int32Array;
  private below: Int32Array;

  /** @param peak largest sample value, 255 for 8 bits */
  constructor(width: number, height: number, peak: number) {
    this.width = width;
    this.height = height;
    this.columns = width >> 2;
    this.rows = height >> 2;
    // Both constants are scaled as the sums of 64 samples are, and rounded as in vf_ssim.c.
    this.c1 = Math.floor(0.01 * 0.01 * peak * peak * 64 + 0.5);
    this.c2 = Math.floor(0.03 * 0.03 * peak * peak * 64 * 63 + 0.5);
    this.above = new Int32Array(this.columns * SUMS);
    this.below = new Int32Array(this.columns * SUMS);
  }

  compare(a: LumaPlane, b: LumaPlane): PlaneMetrics {
    const { width, height, columns, rows } = this;
    let squares = 0;
    let similarity = 0;
    for (let row = 0; row < rows; row++) {
      [this.above, this.below] = [this.below, this.above];
      squares += sumBlocks(a, b, row * 4, columns, this.below);
      if (row > 0) similarity += windows(this.above, this.below, columns, this.c1, this.c2);
    }
    squares += squaredError(a, b, columns * 4, width, 0, rows * 4);
    squares += squaredError(a, b, 0, width, rows * 4, height);
    const count = (columns - 1) * (rows - 1);
    return { mse: squares / (width * height), ssim: columns > 1 && rows > 1 ? similarity / count : null };
  }
}

/**
 * Writes the sums of one row of blocks.
 *
 * @param y first of its four rows of samples
 * @returns Σ(a − b)² over the row of blocks
 */
function sumBlocks(a: LumaPlane, b: LumaPlane, y: number, columns: number, out: Int32Array): number {
  const { samples: samplesA, stride: strideA } = a;
  const { samples: samplesB, stride: strideB } = b;
  let startA = a.offset + y * strideA;
  let startB = b.offset + y * strideB;
  let squares = 0;
  for (let column = 0, at = 0; column < columns; column++, at += SUMS) {
    let sumA = 0;
    let sumB = 0;
    let sumSquares = 0;
    let sumProducts = 0;
    let i = startA;
    let j = startB;
    for (let row = 0; row < 4; row++) {
      const a0 = samplesA[i]!;
      const b0 = samplesB[j]!;
      const a1 = samplesA[i + 1]!;
      const b1 = samplesB[j + 1]!;
      const a2 = samplesA[i + 2]!;
      const b2 = samplesB[j + 2]!;
      const a3 = samplesA[i + 3]!;
      const b3 = samplesB[j + 3]!;
      sumA = (sumA + a0 + a1 + a2 + a3) | 0;
      sumB = (sumB + b0 + b1 + b2 + b3) | 0;
      sumSquares =
        (sumSquares + Math.imul(a0, a0) + Math.imul(a1, a1) + Math.imul(a2, a2) + Math.imul(a3, a3)) | 0;
      sumSquares =
        (sumSquares + Math.imul(b0, b0) + Math.imul(b1, b1) + Math.imul(b2, b2) + Math.imul(b3, b3)) | 0;
      sumProducts =
        (sumProducts + Math.imul(a0, b0) + Math.imul(a1, b1) + Math.imul(a2, b2) + Math.imul(a3, b3)) | 0;
      i += strideA;
      j += strideB;
    }
    out[at] = sumA;
    out[at + 1] = sumB;
    out[at + 2] = sumSquares;
    out[at + 3] = sumProducts;
    squares += sumSquares - 2 * sumProducts;
    startA += 4;
    startB += 4;
  }
  return squares;
}

/** Σ SSIM of the windows over two rows of blocks. Sums of 12-bit samples exceed 32 bits: they are kept as doubles. */
function windows(above: Int32Array, below: Int32Array, columns: number, c1: number, c2: number): number {
  let sum = 0;
  let leftA = above[0]! + below[0]!;
  let leftB = above[1]! + below[1]!;
  let leftSquares = above[2]! + below[2]!;
  let leftProducts = above[3]! + below[3]!;
  for (let at = SUMS; at < columns * SUMS; at += SUMS) {
    const rightA = above[at]! + below[at]!;
    const rightB = above[at + 1]! + below[at + 1]!;
    const rightSquares = above[at + 2]! + below[at + 2]!;
    const rightProducts = above[at + 3]! + below[at + 3]!;
    const a = leftA + rightA;
    const b = leftB + rightB;
    const means = a * a + b * b;
    const product = a * b;
    const variances = (leftSquares + rightSquares) * 64 - means;
    const covariance = (leftProducts + rightProducts) * 64 - product;
    sum += ((2 * product + c1) * (2 * covariance + c2)) / ((means + c1) * (variances + c2));
    leftA = rightA;
    leftB = rightB;
    leftSquares = rightSquares;
    leftProducts = rightProducts;
  }
  return sum;
}

/** Σ(a − b)² over columns [left, right) of rows [top, bottom). */
function squaredError(
  a: LumaPlane,
  b: LumaPlane,
  left: number,
  right: number,
  top: number,
  bottom: number,
): number {
  let sum = 0;
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const error = a.samples[a.offset + y * a.stride + x]! - b.samples[b.offset + y * b.stride + x]!;
      sum += error * error;
    }
  return sum;
}

/** One number of a pair, with the pair's index. */
export interface IndexedValue {
  readonly index: number;
  readonly value: number;
}

export interface MetricSummary {
  /** Pairs with a value. */
  readonly pairs: number;
  /** Pairs without an error, whose PSNR is infinite. */
  readonly identical: number;
  /** Mean of the finite PSNR values in dB; null when no pair differs. */
  readonly meanPsnr: number | null;
  /** PSNR of the mean MSE over all pairs, in dB (ffmpeg's `average`); infinite when no pair differs. */
  readonly psnrOfMeanMse: number | null;
  readonly minPsnr: IndexedValue | null;
  readonly meanSsim: number | null;
  readonly minSsim: IndexedValue | null;
}

/**
 * @param mse a value for each pair, NaN where there is none
 * @param ssim likewise
 */
export function summariseMetrics(
  mse: ArrayLike<number>,
  ssim: ArrayLike<number>,
  peak: number,
): MetricSummary {
  let pairs = 0;
  let identical = 0;
  let sumMse = 0;
  let sumPsnr = 0;
  let worst: IndexedValue | null = null;
  for (let i = 0; i < mse.length; i++) {
    const value = mse[i]!;
    if (Number.isNaN(value)) continue;
    pairs++;
    sumMse += value;
    if (value === 0) identical++;
    else sumPsnr += psnr(value, peak);
    if (worst === null || value > worst.value) worst = { index: i, value };
  }
  const { mean: meanSsim, min: minSsim } = meanAndMin(ssim);
  const differing = pairs - identical;
  return {
    pairs,
    identical,
    meanPsnr: differing > 0 ? sumPsnr / differing : null,
    psnrOfMeanMse: pairs > 0 ? psnr(sumMse / pairs, peak) : null,
    minPsnr: worst && { index: worst.index, value: psnr(worst.value, peak) },
    meanSsim,
    minSsim,
  };
}

/** Mean and first minimum of the values that are numbers; null without any. */
export function meanAndMin(values: ArrayLike<number>): {
  readonly mean: number | null;
  readonly min: IndexedValue | null;
} {
  let sum = 0;
  let count = 0;
  let min: IndexedValue | null = null;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
    if (min === null || value < min.value) min = { index: i, value };
  }
  return { mean: count > 0 ? sum / count : null, min };
}
