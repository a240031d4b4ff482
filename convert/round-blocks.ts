/**
 * Integers of quantised blocks: each value times the inverse of its block's scale, rounded to the nearest integer, ties to
 * even, and clamped. In WebAssembly with SIMD, and in TypeScript as its oracle and for blocks that are not whole.
 */
import { op, wasmModule } from './wasm.ts';

const size = 32;

/** Adding and subtracting this rounds a double of magnitude below 2^51 to the nearest integer, ties to even. */
const rounder = 1.5 * 2 ** 52;

export type Bits = 4 | 8;

/** −127…127 for 8 bits, −8…7 for 4. */
const ranges: Readonly<Record<Bits, readonly [number, number]>> = { 4: [-8, 7], 8: [-127, 127] };

/** Values of one block, into `out` from `to` on. */
export function roundBlock(x: Float32Array, inverse: number, bits: Bits, out: Int8Array, to: number): void {
  const [low, high] = ranges[bits];
  for (let i = 0; i < x.length; i++) {
    let q = x[i]! * inverse + rounder - rounder;
    if (q < low) q = low;
    else if (q > high) q = high;
    out[to + i] = q;
  }
}

/** Blocks of one call. */
const batch = 4096;

/** Memory: inverses, integers, values of a batch. */
const inverses = 0;
const integers = inverses + 8 * batch;
const values = integers + size * batch;
const pages = Math.ceil((values + 4 * size * batch) / 65536);

function kernel(bits: Bits): Uint8Array<ArrayBuffer> {
  const { get, set, tee, repeat, i32, f64, f64x2, bytes, int32x4, int16x8 } = op;
  const [x, inverse, out, end, factor] = [0, 1, 2, 3, 4];
  const [low, high] = ranges[bits];
  /** Two values as integers in the lower half. */
  const pair = (k: number) =>
    [
      [get(x), f64x2.loadFloat32(8 * k), get(factor), f64x2.mul, f64x2.nearest],
      [f64x2.const(low), f64x2.orLarger, f64x2.const(high), f64x2.orSmaller, int32x4.ofDoubles],
    ].flat(2);
  const four = (k: number) => [...pair(2 * k), ...pair(2 * k + 1), ...bytes.lowerHalves];
  const eight = (k: number) => [...four(2 * k), ...four(2 * k + 1), ...int32x4.narrow];
  const sixteen = (k: number) => [...eight(2 * k), ...eight(2 * k + 1), ...int16x8.narrow];
  const block = [
    [get(inverse), f64.load(), f64x2.splat, set(factor)].flat(),
    [0, 1].flatMap((k) => [...get(out), ...sixteen(k), ...f64x2.store(16 * k)]),
    [get(x), i32.const(4 * size), i32.add, set(x)].flat(),
    [get(out), i32.const(size), i32.add, set(out)].flat(),
    [get(inverse), i32.const(8), i32.add, tee(inverse), get(end), i32.lessThan].flat(),
  ].flat();
  return wasmModule({
    parameters: ['i32', 'i32', 'i32', 'i32'],
    locals: ['v128'],
    code: [repeat(block)],
    pages,
  });
}

interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly run: (x: number, inverse: number, out: number, end: number) => void;
}

const started = new Map<Bits, Kernel>();

function kernelOf(bits: Bits): Kernel {
  const existing = started.get(bits);
  if (existing) return existing;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernel(bits)));
  const made = exports as unknown as Kernel;
  started.set(bits, made);
  return made;
}

/**
 * Integers of contiguous blocks of 32 values.
 *
 * @param factors inverse of each block's scale; 0 gives a block of zeros
 */
export function roundBlocks(x: Float32Array, factors: Float64Array, bits: Bits): Int8Array {
  const { memory, run } = kernelOf(bits);
  const blocks = factors.length;
  const out = new Int8Array(size * blocks);
  const inside = new Float32Array(memory.buffer, values, size * batch);
  const insideFactors = new Float64Array(memory.buffer, inverses, batch);
  const rounded = new Int8Array(memory.buffer, integers, size * batch);
  for (let first = 0; first < blocks; first += batch) {
    const count = Math.min(batch, blocks - first);
    inside.set(x.subarray(first * size, (first + count) * size));
    insideFactors.set(factors.subarray(first, first + count));
    run(values, inverses, integers, inverses + 8 * count);
    out.set(rounded.subarray(0, size * count), first * size);
  }
  return out;
}
