/**
 * Symmetric quantisation in blocks of 32 along the input of a matrix [N, K], and the layouts of the two dialects.
 * The integers and scales are the same in both; K is filled up with zeros to a multiple of 32.
 */
import { roundToFloat16 } from './numbers.ts';

export const blockSize = 32;

export interface Quantised {
  readonly rows: number;
  /** Blocks a row, ceil(K / 32). */
  readonly blocks: number;
  /** Signed integers [N, blocks · 32]: −127…127 for 8 bits, −8…7 for 4. */
  readonly integers: Int8Array;
  /** [N, blocks]; negative where the value of largest magnitude is mapped to −8. */
  readonly scales: Float32Array;
}

/** Candidates of the scale search, as multiples of the scale that just holds the extreme value. */
const candidates = Array.from({ length: 17 }, (_, i) => 0.76 + 0.03 * i);

interface Fit {
  scale: number;
  error: number;
}

/**
 * The scale with the least squared error of a 4-bit block: each candidate's integers get their own best scale
 * Σxq / Σq², which is then tried too.
 */
function searchScale(x: Float32Array, at: number, count: number, half: boolean): number {
  let extreme = 0;
  for (let i = at; i < at + count; i++) if (Math.abs(x[i]!) > Math.abs(extreme)) extreme = x[i]!;
  if (extreme === 0) return 0;
  const best: Fit = { scale: 0, error: Number.POSITIVE_INFINITY };
  for (const factor of candidates) {
    const trial = (extreme / -8) * factor;
    let xq = 0;
    let qq = 0;
    for (let i = at; i < at + count; i++) {
      const q = Math.max(-8, Math.min(7, Math.round(x[i]! / trial)));
      xq += x[i]! * q;
      qq += q * q;
    }
    if (qq === 0) continue;
    const scale = half ? roundToFloat16(xq / qq) : Math.fround(xq / qq);
    if (scale === 0) continue;
    let error = 0;
    for (let i = at; i < at + count; i++) {
      const q = Math.max(-8, Math.min(7, Math.round(x[i]! / scale)));
      error += (x[i]! - q * scale) ** 2;
    }
    if (error < best.error) {
      best.scale = scale;
      best.error = error;
    }
  }
  return best.scale;
}

/**
 * @param weights [rows, columns], row-major
 * @param half scales are rounded to float16 before the integers are taken
 */
export function quantise(
  weights: Float32Array,
  rows: number,
  columns: number,
  bits: 4 | 8,
  half = false,
): Quantised {
  const blocks = Math.ceil(columns / blockSize);
  const integers = new Int8Array(rows * blocks * blockSize);
  const scales = new Float32Array(rows * blocks);
  const low = bits === 8 ? -127 : -8;
  const high = bits === 8 ? 127 : 7;
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const at = row * columns + block * blockSize;
      const count = Math.min(blockSize, columns - block * blockSize);
      let scale = 0;
      if (bits === 4) scale = searchScale(weights, at, count, half);
      else {
        let largest = 0;
        for (let i = at; i < at + count; i++) largest = Math.max(largest, Math.abs(weights[i]!));
        scale = half ? roundToFloat16(largest / 127) : Math.fround(largest / 127);
      }
      scales[row * blocks + block] = scale;
      if (scale === 0) continue;
      const to = (row * blocks + block) * blockSize;
      for (let i = 0; i < count; i++) {
        integers[to + i] = Math.max(low, Math.min(high, Math.round(weights[at + i]! / scale)));
      }
    }
  }
  return { rows, blocks, integers, scales };
}

/** The values that the integers stand for, [rows, columns]. */
export function dequantise(q: Quantised, columns: number): Float32Array {
  const out = new Float32Array(q.rows * columns);
  for (let row = 0; row < q.rows; row++) {
    for (let column = 0; column < columns; column++) {
      const scale = q.scales[row * q.blocks + Math.floor(column / blockSize)]!;
      out[row * columns + column] = q.integers[row * q.blocks * blockSize + column]! * scale;
    }
  }
  return out;
}

/** MatMulNBits and GatherBlockQuantized: unsigned with zero point 2^(bits−1); 4 bits as pairs, low nibble first. */
export function packBlocks(q: Quantised, bits: 4 | 8): Uint8Array {
  if (bits === 8) return Uint8Array.from(q.integers, (value) => value + 128);
  const out = new Uint8Array(q.integers.length / 2);
  for (let i = 0; i < out.length; i++)
    out[i] = (q.integers[2 * i]! + 8) | ((q.integers[2 * i + 1]! + 8) << 4);
  return out;
}

/** The folded form: integers [K/32, 32, N] and scales [K/32, 1, N], so that Cast → Mul → Reshape gives [K, N]. */
export function packFolded(q: Quantised): { integers: Int8Array; scales: Float32Array } {
  const { rows, blocks } = q;
  const integers = new Int8Array(q.integers.length);
  const scales = new Float32Array(q.scales.length);
  const width = blocks * blockSize;
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < width; k++) integers[k * rows + row] = q.integers[row * width + k]!;
    for (let block = 0; block < blocks; block++) scales[block * rows + row] = q.scales[row * blocks + block]!;
  }
  return { integers, scales };
}
