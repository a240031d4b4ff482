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
      for (let row = 0, i = 0; row < count; row++) {
        const factor = factors[row]!;
        for (const end = i + columns; i < end; i++) x[i]! *= factor;
      }
      return x;
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

/** Columns of rows [n, width] as [n, count]. */
function cutColumns(x: Float32Array, width: number, first: number, count: number): Float32Array {
  const rows = x.length / width;
  const out = new Float32Array(rows * count);
  for (let i = 0; i < rows; i++) out.set(x.subarray(i * width + first, i * width + first + count), i * count);
  return out;
}

/** Some columns of a matrix as a matrix. */
export function columnsOf(matrix: Matrix, first: number, count: number): Matrix {
  if (first === 0 && count === matrix.columns) return matrix;
  return {
    rows: matrix.rows,
    columns: count,
    read: async (row, rows) => cutColumns(await matrix.read(row, rows), matrix.columns, first, count),
  };
}

/** Rows `first` to `first + count` in steps of bounded memory: calls `onRows(rows, at)` with the offset from `first`. */
export async function inSteps(
  matrix: Matrix,
  first: number,
  count: number,
  onRows: (rows: Float32Array, at: number, n: number) => void,
  step = stepBytes,
): Promise<void> {
  const most = Math.max(1, Math.floor(step / (4 * matrix.columns)));
  for (let at = 0; at < count; at += most) {
    const n = Math.min(most, count - at);
    onRows(await matrix.read(first + at, n), at, n);
  }
}

function emptyQuantised(rows: number, columns: number): Quantised {
  const blocks = Math.ceil(columns / blockSize);
  return {
    rows,
    blocks,
    integers: new Int8Array(rows * blocks * blockSize),
    scales: new Float32Array(rows * blocks),
  };
}

/** Puts the rows of a part at row `at` of the whole. */
function putRows(whole: Quantised, part: Quantised, at: number): void {
  whole.integers.set(part.integers, at * whole.blocks * blockSize);
  whole.scales.set(part.scales, at * whole.blocks);
}

/** @param half scales are rounded to float16 before the integers are taken */
export async function quantiseMatrix(
  matrix: Matrix,
  first: number,
  count: number,
  bits: 4 | 8,
  half = false,
): Promise<Quantised> {
  const out = emptyQuantised(count, matrix.columns);
  await inSteps(matrix, first, count, (rows, at, n) =>
    putRows(out, quantise(rows, n, matrix.columns, bits, half), at),
  );
  return out;
}

/** Blocks of `size` columns that begin at `firsts`, quantised to 8 bits in one pass over the rows. */
export async function quantiseColumns(
  matrix: Matrix,
  firsts: readonly number[],
  size: number,
): Promise<Quantised[]> {
  const widths = firsts.map((first) => Math.min(size, matrix.columns - first));
  const parts = widths.map((width) => emptyQuantised(matrix.rows, width));
  const onRows = (rows: Float32Array, at: number, n: number) => {
    for (const [i, part] of parts.entries()) {
      const cut = cutColumns(rows, matrix.columns, firsts[i]!, widths[i]!);
      putRows(part, quantise(cut, n, widths[i]!, 8), at);
    }
  };
  // The parts take half a gigabyte of the largest table: little else may lie beside them.
  await inSteps(matrix, 0, matrix.rows, onRows, stepBytes / 16);
  return parts;
}
