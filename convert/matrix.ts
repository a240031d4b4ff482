/** Matrices of a checkpoint, read and quantised by rows, so that none is whole in memory as float32. */
import type { TensorSource } from './checkpoint.ts';
import { blockSize, type Quantised, quantise } from './quantise.ts';

/** A matrix [rows, columns], row-major, whose rows are read on each call of `read`. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  read(first: number, count: number): Promise<Float32Array>;
}

/** float32 bytes of one step through a large matrix. */
const stepBytes = 2 ** 25;

/** @param scale tensor [rows] that multiplies each row: a layer scale folded into the projection before it */
export function matrixOf(checkpoint: TensorSource, name: string, scale?: string): Matrix {
  const [rows, columns] = checkpoint.shape(name) as readonly [number, number];
  return {
    rows,
    columns,
    async read(first, count) {
      const x = await checkpoint.rows(name, first, count);
      if (scale === undefined) return x;
      const factors = await checkpoint.rows(scale, first, count);
      return x.map((value, i) => value * factors[Math.floor(i / columns)]!);
    },
  };
}

/** Rows of matrices of equal width, concatenated: one product for several projections of the same input. */
export function stacked(parts: readonly Matrix[]): Matrix {
  const { columns } = parts[0]!;
  return {
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    columns,
    async read(first, count) {
      const out = new Float32Array(count * columns);
      let start = 0;
      for (const part of parts) {
        const from = Math.max(first, start);
        const to = Math.min(first + count, start + part.rows);
        if (from < to) out.set(await part.read(from - start, to - from), (from - first) * columns);
        start += part.rows;
      }
      return out;
    },
  };
}

/** Some columns of a matrix as a matrix. */
export function columnsOf(matrix: Matrix, first: number, count: number): Matrix {
  if (first === 0 && count === matrix.columns) return matrix;
  return {
    rows: matrix.rows,
    columns: count,
    async read(row, rows) {
      const x = await matrix.read(row, rows);
      const out = new Float32Array(rows * count);
      for (let i = 0; i < rows; i++) {
        out.set(x.subarray(i * matrix.columns + first, i * matrix.columns + first + count), i * count);
      }
      return out;
    },
  };
}

/** Rows `first` to `first + count` in steps of bounded memory: calls `onRows(rows, at)` with the offset from `first`. */
export async function inSteps(
  matrix: Matrix,
  first: number,
  count: number,
  onRows: (rows: Float32Array, at: number, n: number) => void,
): Promise<void> {
  const most = Math.max(1, Math.floor(stepBytes / (4 * matrix.columns)));
  for (let at = 0; at < count; at += most) {
    const n = Math.min(most, count - at);
    onRows(await matrix.read(first + at, n), at, n);
  }
}

/** @param half scales are rounded to float16 before the integers are taken */
export async function quantiseMatrix(
  matrix: Matrix,
  first: number,
  count: number,
  bits: 4 | 8,
  half = false,
): Promise<Quantised> {
  const blocks = Math.ceil(matrix.columns / blockSize);
  const integers = new Int8Array(count * blocks * blockSize);
  const scales = new Float32Array(count * blocks);
  await inSteps(matrix, first, count, (rows, at, n) => {
    const part = quantise(rows, n, matrix.columns, bits, half);
    integers.set(part.integers, at * blocks * blockSize);
    scales.set(part.scales, at * blocks);
  });
  return { rows: count, blocks, integers, scales };
}
