/**
 * Bicubic resize (a = −0.5) with antialiasing and mirrored borders: neither rounded nor clipped. Resizes that follow each
 * other are composed into one, which gives the same numbers with fewer operations.
 */
import { emptyPlane, type Plane } from './plane.ts';

/** Resize of one axis. Output i is the sum of the inputs from `first[i]` on by the `taps` weights from `i · taps` on. */
export interface Axis {
  readonly size: number;
  readonly taps: number;
  readonly first: Int32Array;
  readonly weight: Float64Array;
}

function kernel(x: number): number {
  const t = Math.abs(x);
  if (t <= 1) return (1.5 * t - 2.5) * t * t + 1;
  return t <= 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

/** Weights of each output by input; the inputs of an output are neighbours. */
function packed(inputs: number, rows: readonly ReadonlyMap<number, number>[]): Axis {
  const spans = rows.map((row) => [Math.min(...row.keys()), Math.max(...row.keys())] as const);
  const taps = Math.max(...spans.map(([low, high]) => high - low + 1));
  const first = Int32Array.from(spans, ([low]) => Math.min(low, inputs - taps));
  const weight = new Float64Array(rows.length * taps);
  rows.forEach((row, i) => {
    for (const [index, value] of row) weight[i * taps + index - first[i]!] = value;
  });
  return { size: rows.length, taps, first, weight };
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
  return packed(size, rows);
}

/** The axis that resizes as `inner` of `inputs` samples, then as `outer`. */
export function composed(outer: Axis, inner: Axis, inputs: number): Axis {
  return packed(
    inputs,
    Array.from({ length: outer.size }, (_, i) => {
      const row = new Map<number, number>();
      for (let k = 0; k < outer.taps; k++) {
        const between = outer.first[i]! + k;
        for (let m = 0; m < inner.taps; m++) {
          const value = outer.weight[i * outer.taps + k]! * inner.weight[between * inner.taps + m]!;
          const index = inner.first[between]! + m;
          if (value !== 0) row.set(index, (row.get(index) ?? 0) + value);
        }
      }
      return row;
    }),
  );
}

/** A plane of `x.size` × `y.size` from rows of `width` samples. */
export function resize(data: Uint8Array | Float64Array, width: number, x: Axis, y: Axis): Plane {
  const out = emptyPlane(x.size, y.size);
  const row = new Float64Array(width);
  const source = data instanceof Float64Array ? data : floats(data);
  for (let j = 0; j < y.size; j++) {
    down(row, source, y.first[j]! * width, y, j * y.taps);
    along(row, x, out.data, j * x.size);
  }
  return out;
}

function floats(data: Uint8Array): Float64Array {
  const out = emptyPlane(data.length, 1).data;
  for (let i = 0; i < data.length; i++) out[i] = data[i]!;
  return out;
}

/** Weighted sum of neighbouring rows, four at a time. */
function down(row: Float64Array, data: Float64Array, from: number, { taps, weight }: Axis, at: number): void {
  const width = row.length;
  row.fill(0);
  for (let k = 0, i = from; k < taps; k += 4, i += 4 * width) {
    const left = Math.min(taps - k, 4);
    const a = weight[at + k]!;
    const b = left > 1 ? weight[at + k + 1]! : 0;
    const c = left > 2 ? weight[at + k + 2]! : 0;
    const d = left > 3 ? weight[at + k + 3]! : 0;
    const second = left > 1 ? i + width : i;
    const third = left > 2 ? i + 2 * width : i;
    const fourth = left > 3 ? i + 3 * width : i;
    for (let x = 0; x < width; x++)
      row[x] =
        row[x]! + a * data[i + x]! + b * data[second + x]! + c * data[third + x]! + d * data[fourth + x]!;
  }
}

function along(row: Float64Array, { size, taps, first, weight }: Axis, out: Float64Array, to: number): void {
  for (let i = 0, k = 0; i < size; i++) {
    let sum = 0;
    for (let m = first[i]!, end = m + taps; m < end; m++, k++) sum += weight[k]! * row[m]!;
    out[to + i] = sum;
  }
}

/** A plane at half size, rounded up. */
export function half({ width, height, data }: Plane): Plane {
  return resize(data, width, halfAxis(width), halfAxis(height));
}

const halfAxes = new Map<number, Axis>();

function halfAxis(size: number): Axis {
  const cached = halfAxes.get(size) ?? axis(size, 0.5);
  if (halfAxes.size > 8) halfAxes.clear();
  halfAxes.set(size, cached);
  return cached;
}
