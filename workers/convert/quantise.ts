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

/** Candidates of the scale search, as multiples of the scale that maps the extreme value to −8. */
const candidates = Float64Array.from({ length: 14 }, (_, i) => 0.78 + 0.035 * i);

/** Added and taken away again, it rounds a double of magnitude below 2^51 to the nearest integer, ties to even. */
const rounder = 1.5 * 2 ** 52;

/**
 * The scale with the least squared error of a 4-bit block. For given integers q the best scale is Σxq / Σq², and what
 * it leaves is Σx² − (Σxq)² / Σq²: one pass a candidate is enough to compare them.
 *
 * @param x values of the block from `at` on
 */
function searchScale(x: Float32Array, at: number, count: number): number {
  let extreme = 0;
  const end = at + count;
  for (let i = at; i < end; i++) {
    const value = x[i]!;
    if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  }
  if (extreme === 0) return 0;
  let best = 0;
  let scale = 0;
  for (let c = 0; c < candidates.length; c++) {
    const inverse = -8 / (extreme * candidates[c]!);
    let xq = 0;
    let qq = 0;
    for (let i = at; i < end; i++) {
      const value = x[i]!;
      let q = value * inverse + rounder - rounder;
      if (q < -8) q = -8;
      else if (q > 7) q = 7;
      xq += value * q;
      qq += q * q;
    }
    const gain = (xq * xq) / qq;
    if (gain > best) {
      best = gain;
      scale = xq / qq;
    }
  }
  return scale;
}

/** The scale that maps the largest magnitude of a block to 127. */
function scaleOfEight(x: Float32Array, at: number, count: number): number {
  let largest = 0;
  for (let i = at; i < at + count; i++) {
    const value = Math.abs(x[i]!);
    if (value > largest) largest = value;
  }
  return largest / 127;
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
  const scaleOf = bits === 8 ? scaleOfEight : searchScale;
  for (let block = 0; block < rows * blocks; block++) {
    const first = (block % blocks) * blockSize;
    const at = Math.floor(block / blocks) * columns + first;
    const count = Math.min(blockSize, columns - first);
    const wanted = scaleOf(weights, at, count);
    const scale = half ? roundToFloat16(wanted) : Math.fround(wanted);
    // Denormal scales have no reciprocal; such a block is nothing beside its neighbours.
    if (Math.abs(scale) < 2 ** -126) continue;
    scales[block] = scale;
    const inverse = 1 / scale;
    const to = block * blockSize;
    for (let i = 0; i < count; i++) {
      let q = weights[at + i]! * inverse + rounder - rounder;
      if (q < low) q = low;
      else if (q > high) q = high;
      integers[to + i] = q;
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
