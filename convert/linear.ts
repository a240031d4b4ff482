/** Matrix products with constant weights, in the weight format of the target. */
import { type Graph, msDomain } from './graph.ts';
import { type Matrix, quantiseMatrix } from './matrix.ts';
import { toFloat16 } from './numbers.ts';
import { blockSize, packBlocks, packFolded } from './quantise.ts';

/**
 * Storage of a matrix's weights in the file.
 * `float32`; `float16`, cast on load; `folded`: int8 and scales that fold to float32 on load; `blocks`: MatMulNBits
 * with 4 or 8 bits, whose scales have the type of the activations.
 */
export type LinearFormat =
  | { readonly kind: 'float32' | 'float16' | 'folded' }
  | { readonly kind: 'blocks'; readonly bits: 4 | 8; readonly half: boolean };

function transpose(x: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < columns; k++) out[k * rows + row] = x[row * columns + k]!;
  return out;
}

function rowBytes(format: LinearFormat, columns: number): number {
  const padded = Math.ceil(columns / blockSize) * blockSize;
  if (format.kind === 'blocks') return (padded * format.bits) / 8;
  // Folded weights are float32 once loaded.
  return (format.kind === 'folded' ? padded : columns) * 4;
}

/** One result for several weights: `make` runs for the first part, and the result is dropped after the last. */
export function sharedBetween<T, K extends string>(
  parts: readonly K[],
  make: () => Promise<T>,
): (part: K) => Promise<T> {
  let value: Promise<T> | undefined;
  const open = new Set<K>(parts);
  return (part) => {
    value ??= make();
    const current = value;
    open.delete(part);
    if (open.size === 0) {
      value = undefined;
      for (const each of parts) open.add(each);
    }
    return current;
  };
}

type UnpackedFormat = Extract<LinearFormat, { kind: 'float32' | 'float16' | 'folded' }>;

/** Rows first…first+count of a matrix as a constant [K, count], float32 in the session. */
export function constantMatrix(
  g: Graph,
  name: string,
  matrix: Matrix,
  format: UnpackedFormat,
  first = 0,
  count = matrix.rows,
): string {
  const { columns } = matrix;
  const loaded = count * columns * 4;
  if (format.kind !== 'folded') {
    const read = async () => transpose(await matrix.read(first, count), count, columns);
    if (format.kind === 'float32') return g.weight(name, 'float32', [columns, count], read);
    const stored = g.weight(name, 'float16', [columns, count], async () => toFloat16(await read()), loaded);
    return g.cast(stored, 'float32');
  }
  const blocks = Math.ceil(columns / blockSize);
  const shared = sharedBetween(['integers', 'scales'], () => quantiseMatrix(matrix, first, count, 8));
  const integers = g.weight(
    name,
    'int8',
    [blocks, blockSize, count],
    async () => packFolded(await shared('integers')).integers,
    loaded,
  );
  const scales = g.weight(
    `${name}.scale`,
    'float32',
    [blocks, 1, count],
    async () => packFolded(await shared('scales')).scales,
    0,
  );
  const whole = g.reshape(g.mul(g.cast(integers, 'float32'), scales), [blocks * blockSize, count]);
  return blocks * blockSize === columns ? whole : g.slice(whole, 0, columns, 0);
}

/** x [.., K] times rows first…first+count of the matrix. */
function product(
  g: Graph,
  x: string,
  name: string,
  matrix: Matrix,
  format: LinearFormat,
  first: number,
  count: number,
): string {
  const { columns } = matrix;
  const blocks = Math.ceil(columns / blockSize);
  if (format.kind !== 'blocks') return g.matmul(x, constantMatrix(g, name, matrix, format, first, count));
  const { bits, half } = format;
  const shared = sharedBetween(['integers', 'scales'], () =>
    quantiseMatrix(matrix, first, count, bits, half),
  );
  const integers = g.weight(name, 'uint8', [count, blocks, (blockSize * bits) / 8], async () =>
    packBlocks(await shared('integers'), bits),
  );
  const scales = g.weight(`${name}.scale`, half ? 'float16' : 'float32', [count, blocks], async () => {
    const { scales: values } = await shared('scales');
    return half ? toFloat16(values) : values;
  });
  const attributes = { K: columns, N: count, bits, block_size: blockSize, accuracy_level: 0 };
  return g.node('MatMulNBits', [x, integers, scales], attributes, { domain: msDomain });
}

/**
 * x [.., K] → [.., N]. Matrices over the tensor limit become several products whose results are concatenated.
 *
 * @param name of the weight in the file
 * @param bias added to the result, [N]
 */
export function linear(
  g: Graph,
  x: string,
  name: string,
  matrix: Matrix,
  format: LinearFormat,
  bias?: string,
): string {
  const most = Math.max(1, Math.floor(g.tensorLimit / rowBytes(format, matrix.columns)));
  const cuts = Math.ceil(matrix.rows / most);
  const size = Math.ceil(matrix.rows / cuts);
  const parts: string[] = [];
  for (let first = 0; first < matrix.rows; first += size) {
    parts.push(product(g, x, name, matrix, format, first, Math.min(size, matrix.rows - first)));
  }
  const y = g.concat(parts, -1);
  return bias === undefined ? y : g.add(y, bias);
}
