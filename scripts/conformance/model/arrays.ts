/** Float arrays with a shape, and distances between them. */

export interface FloatArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export function size(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Elements of the first axis from (inclusive) to (exclusive). */
export function rows(x: FloatArray, from: number, to: number): FloatArray {
  const width = size(x.shape.slice(1));
  return { shape: [to - from, ...x.shape.slice(1)], data: x.data.subarray(from * width, to * width) };
}

/** Item i of the first axis. */
export function item(x: FloatArray, i: number): FloatArray {
  return { shape: x.shape.slice(1), data: rows(x, i, i + 1).data };
}

/** [T, C, H, W] → [C, T, W] at row H >> 1. */
export function middleRows(x: FloatArray): FloatArray {
  const [t, c, h, w] = x.shape as [number, number, number, number];
  const data = new Float32Array(c * t * w);
  for (let channel = 0; channel < c; channel++) {
    for (let frame = 0; frame < t; frame++) {
      const from = ((frame * c + channel) * h + (h >> 1)) * w;
      data.set(x.data.subarray(from, from + w), (channel * t + frame) * w);
    }
  }
  return { shape: [c, t, w], data };
}

/** [T, C, H, W] → [C, T], mean over height and width. */
export function planeMeans(x: FloatArray): FloatArray {
  const [t, c, h, w] = x.shape as [number, number, number, number];
  const data = new Float32Array(c * t);
  for (let channel = 0; channel < c; channel++) {
    for (let frame = 0; frame < t; frame++) {
      let sum = 0;
      const from = (frame * c + channel) * h * w;
      for (let i = from; i < from + h * w; i++) sum += x.data[i]!;
      data[channel * t + frame] = sum / (h * w);
    }
  }
  return { shape: [c, t], data };
}

/** [n, L, D] → [n, D], mean over the rows from `first` on. */
export function tokenMeans(x: FloatArray, first: number): FloatArray {
  const [n, length, width] = x.shape as [number, number, number];
  const data = new Float32Array(n * width);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < width; d++) {
      let sum = 0;
      for (let row = first; row < length; row++) sum += x.data[(i * length + row) * width + d]!;
      data[i * width + d] = sum / (length - first);
    }
  }
  return { shape: [n, width], data };
}

/** Largest absolute difference; infinite for other shapes or anything that is no number. */
export function distance(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= largest)) largest = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
  }
  return largest;
}

export function magnitude(x: Float32Array): number {
  let largest = 0;
  for (const value of x) largest = Math.max(largest, Math.abs(value));
  return largest;
}

/** Largest less smallest value. */
export function spread(x: Float32Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of x) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return high - low;
}

export function argmax(x: Float32Array): number {
  let best = 0;
  for (let i = 1; i < x.length; i++) if (x[i]! > x[best]!) best = i;
  return best;
}

/** Largest value less the second largest. */
export function lead(x: Float32Array): number {
  let [first, second] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of x) {
    if (value > first) [first, second] = [value, first];
    else if (value > second) second = value;
  }
  return first - second;
}

/** Log-softmax of one value of a row. */
export function logSoftmax(x: Float32Array, index: number): number {
  const top = magnitude(x);
  let sum = 0;
  for (const value of x) sum += Math.exp(value - top);
  return x[index]! - top - Math.log(sum);
}
