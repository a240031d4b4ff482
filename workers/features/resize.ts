/**
 * Bicubic resize (a = −0.5) with antialiasing and mirrored borders: neither rounded nor clipped. Resizes that follow each
 * other are composed into one, which gives the same numbers with fewer operations.
 */
import { emptyPlane, type Plane } from './plane.ts';

/** Resize of one axis. Output i is the sum of the inputs `input[i · taps + k]` by `weight[i · taps + k]`. */
export interface Axis {
  readonly size: number;
  readonly taps: number;
  readonly input: Int32Array;
  readonly weight: Float64Array;
}

function kernel(x: number): number {
  const t = Math.abs(x);
  if (t <= 1) return (1.5 * t - 2.5) * t * t + 1;
  return t <= 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

function packed(rows: readonly ReadonlyMap<number, number>[]): Axis {
  const taps = Math.max(1, ...rows.map((row) => row.size));
  const input = new Int32Array(rows.length * taps);
  const weight = new Float64Array(rows.length * taps);
  rows.forEach((row, i) => {
    [...row].forEach(([index, value], k) => {
      input[i * taps + k] = index;
      weight[i * taps + k] = value;
    });
  });
  return { size: rows.length, taps, input, weight };
}

/** Axis of `size` inputs at a scale: ⌈scale · size⌉ outputs, or the first `length` of them. */
export function axis(size: number, scale: number, length = Math.ceil(scale * size)): Axis {
  const stretch = Math.min(scale, 1);
  const width = 4 / stretch;
  const rows = Array.from({ length }, (_, i) => {
    const centre = (i + 1) / scale + (1 - 1 / scale) / 2;
    const first = Math.floor(centre - width / 2);
    const row = new Map<number, number>();
    const weights = Array.from({ length: Math.ceil(width) + 2 }, (_, k) =>
      kernel(stretch * (centre - first - k)),
    );
    const sum = weights.reduce((total, value) => total + value, 0);
    weights.forEach((value, k) => {
      if (value === 0) return;
      const wrapped = (((first + k - 1) % (2 * size)) + 2 * size) % (2 * size);
      const index = wrapped < size ? wrapped : 2 * size - 1 - wrapped;
      row.set(index, (row.get(index) ?? 0) + value / sum);
    });
    return row;
  });
  return packed(rows);
}

/** The axis that resizes as `inner`, then as `outer`. */
export function composed(outer: Axis, inner: Axis): Axis {
  return packed(
    Array.from({ length: outer.size }, (_, i) => {
      const row = new Map<number, number>();
      for (let k = i * outer.taps; k < (i + 1) * outer.taps; k++) {
        const from = outer.input[k]! * inner.taps;
        for (let m = from; m < from + inner.taps; m++) {
          const value = outer.weight[k]! * inner.weight[m]!;
          if (value !== 0) row.set(inner.input[m]!, (row.get(inner.input[m]!) ?? 0) + value);
        }
      }
      return row;
    }),
  );
}

/** Samples to resize, `stride` apart from row to row. */
export interface Samples {
  readonly data: Uint8Array | Float64Array;
  readonly width: number;
  readonly stride: number;
}

/** A plane of `x.size` × `y.size`. */
export function resize({ data, width, stride }: Samples, x: Axis, y: Axis): Plane {
  const out = emptyPlane(x.size, y.size);
  const row = new Float64Array(width);
  for (let j = 0; j < y.size; j++) {
    row.fill(0);
    for (let k = j * y.taps; k < (j + 1) * y.taps; k++) {
      const weight = y.weight[k]!;
      if (weight !== 0) addRow(row, data, y.input[k]! * stride, weight);
    }
    along(row, x, out.data, j * x.size);
  }
  return out;
}

function addRow(row: Float64Array, data: Uint8Array | Float64Array, from: number, weight: number): void {
  for (let i = 0; i < row.length; i++) row[i]! += weight * data[from + i]!;
}

function along(row: Float64Array, { size, taps, input, weight }: Axis, out: Float64Array, to: number): void {
  for (let i = 0, k = 0; i < size; i++) {
    let sum = 0;
    for (const end = k + taps; k < end; k++) sum += weight[k]! * row[input[k]!]!;
    out[to + i] = sum;
  }
}

/** A plane at half size, rounded up. */
export function half({ width, height, data }: Plane): Plane {
  return resize({ data, width, stride: width }, axis(width, 0.5), axis(height, 0.5));
}
