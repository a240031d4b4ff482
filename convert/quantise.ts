/**
 * Symmetric quantisation in blocks of 32 along the input of a matrix [N, K], and the layouts of the two targets.
 * The integers and scales are the same in both; K is filled up with zeros to a multiple of 32.
 */
import { roundToFloat16 } from './numbers.ts';
import { roundBlock, roundBlocks } from './round-blocks.ts';
import { searchScale, searchScales } from './scale-search.ts';

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

/** The scale that maps the largest magnitude of a block to 127. */
function scaleOfEight(x: Float32Array, at: number, count: number): number {
  let largest = 0;
  for (let i = at; i < at + count; i++) {
    const value = Math.abs(x[i]!);
    if (value > largest) largest = value;
  }
  return largest / 127;
}

/** Position and length of a block in a matrix; the last of a row may be shorter. */
function blockRange(block: number, blocks: number, columns: number): { at: number; count: number } {
  const first = (block % blocks) * blockSize;
  return { at: Math.floor(block / blocks) * columns + first, count: Math.min(blockSize, columns - first) };
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
  const scales = new Float32Array(rows * blocks);
  const inverses = new Float64Array(rows * blocks);
  // Rows of whole blocks are contiguous, as WebAssembly needs them.
  const contiguous = columns % blockSize === 0;
  const searched = bits === 4 && contiguous ? searchScales(weights) : null;
  const scaleOf = bits === 8 ? scaleOfEight : searchScale;
  for (let block = 0; block < rows * blocks; block++) {
    const { at, count } = blockRange(block, blocks, columns);
    const wanted = searched === null ? scaleOf(weights, at, count) : searched[block]!;
    const scale = half ? roundToFloat16(wanted) : Math.fround(wanted);
    // Denormal scales have no reciprocal; such a block is stored as zeros.
    if (Math.abs(scale) < 2 ** -126) continue;
    scales[block] = scale;
    inverses[block] = 1 / scale;
  }
  if (contiguous) return { rows, blocks, integers: roundBlocks(weights, inverses, bits), scales };
  const integers = new Int8Array(rows * blocks * blockSize);
  for (let block = 0; block < rows * blocks; block++) {
    const { at, count } = blockRange(block, blocks, columns);
    roundBlock(weights.subarray(at, at + count), inverses[block]!, bits, integers, block * blockSize);
  }
  return { rows, blocks, integers, scales };
}

/** Float values of the integers, [rows, columns]. */
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

/**
 * MatMulNBits and GatherBlockQuantized: unsigned with zero point 2^(bits−1); 4 bits as pairs, low nibble first. 8 bits take
 * the place of the integers, which are given up: a table of the largest model has half a gigabyte of them.
 */
export function packBlocks(q: Quantised, bits: 4 | 8): Uint8Array {
  if (bits === 8) {
    const { buffer, byteOffset, length } = q.integers;
    const bytes = new Uint8Array(buffer, byteOffset, length);
    for (let i = 0; i < bytes.length; i++) bytes[i]! ^= 128;
    return bytes;
  }
  const out = new Uint8Array(q.integers.length / 2);
  for (let i = 0; i < out.length; i++)
    out[i] = (q.integers[2 * i]! + 8) | ((q.integers[2 * i + 1]! + 8) << 4);
  return out;
}

/** The folded format: integers [K/32, 32, N] and scales [K/32, 1, N], so that Cast → Mul → Reshape gives [K, N]. */
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
