/**
 * Scale of a 4-bit block: the candidate of 14 with the least squared error, then the best scale for its integers. For given
 * integers q the best scale is Σxq / Σq², and its squared error is Σx² − (Σxq)² / Σq², so that one pass a candidate is
 * enough to compare them. In WebAssembly with SIMD, and in TypeScript as its oracle; both sum even and odd positions
 * apart, so that they give the same bits.
 */
import { op, wasmModule } from './wasm.ts';

const size = 32;

/** Candidates as multiples of the scale that maps the extreme value to −8. */
export const candidates = Float64Array.from({ length: 14 }, (_, i) => 0.78 + 0.035 * i);

/** Adding and subtracting this rounds a double of magnitude below 2^51 to the nearest integer, ties to even. */
const rounder = 1.5 * 2 ** 52;

/** @param x values of the block from `at` on, `count` ≤ 32 of them */
export function searchScale(x: Float32Array, at: number, count: number): number {
  let extreme = 0;
  const end = at + count;
  for (let i = at; i < end; i++) {
    const value = x[i]!;
    if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  }
  let best = 0;
  let scale = 0;
  for (let c = 0; c < candidates.length; c++) {
    const inverse = -8 / (extreme * candidates[c]!);
    const xq = [0, 0];
    const qq = [0, 0];
    for (let i = at; i < end; i++) {
      const value = x[i]!;
      let q = value * inverse + rounder - rounder;
      if (q < -8) q = -8;
      else if (q > 7) q = 7;
      const lane = (i - at) & 1;
      xq[lane]! += value * q;
      qq[lane]! += q * q;
    }
    const [product, square] = [xq[0]! + xq[1]!, qq[0]! + qq[1]!];
    const gain = (product * product) / square;
    if (gain > best) {
      best = gain;
      scale = product / square;
    }
  }
  return scale;
}

/** Blocks of one call. */
const batch = 4096;

/** Memory: a block as doubles, the candidates, results, the batch's values. */
const doubles = 0;
const table = doubles + 8 * size;
const results = table + 8 * candidates.length + 16;
const values = results + 8 * batch;
const pages = Math.ceil((values + 4 * size * batch) / 65536);

function kernel(): Uint8Array<ArrayBuffer> {
  const { get, set, tee, repeat, when, i32, f32, f64, f64x2 } = op;
  /** Parameters and locals by number. */
  const [x, result, end] = [0, 1, 2];
  const [candidate, extreme, best, scale, product, square] = [3, 4, 5, 6, 7, 8];
  const [inverse, xq, qq, value] = [9, 11, 13, 15];
  const [q, pair] = [16, 17];
  const steps = Array.from({ length: size / 2 }, (_, k) => k);

  const findExtreme = Array.from({ length: size }, (_, i) => [
    ...[get(x), f32.load(4 * i), tee(value), f32.abs, get(extreme), f32.abs, f32.greater].flat(),
    ...when(get(value), set(extreme)),
  ]);
  const widen = steps.map((k) =>
    [i32.const(doubles), get(x), f64x2.loadFloat32(8 * k), f64x2.store(16 * k)].flat(),
  );
  // Two candidates side by side, each with sums of its own: additions of one wait for those before them.
  const two = [0, 1];
  const add = (which: number) =>
    [
      [get(pair), get(inverse + which), f64x2.mul, f64x2.nearest],
      [f64x2.const(-8), f64x2.orLarger, f64x2.const(7), f64x2.orSmaller, tee(q)],
      [get(pair), f64x2.mul, get(xq + which), f64x2.add, set(xq + which)],
      [get(q), get(q), f64x2.mul, get(qq + which), f64x2.add, set(qq + which)],
    ].flat(2);
  const addUp = steps.map((k) =>
    [...[i32.const(doubles), f64x2.load(16 * k), set(pair)].flat(), ...two.flatMap(add)].flat(),
  );
  const sum = (sums: number) => [get(sums), f64x2.lane(0), get(sums), f64x2.lane(1), f64.add].flat();
  const begin = (which: number) =>
    [
      [f64.const(-8), get(extreme), f64.ofFloat32, get(candidate), f64.load(8 * which), f64.mul, f64.div],
      [f64x2.splat, set(inverse + which)],
      [f64x2.const(0), set(xq + which), f64x2.const(0), set(qq + which)],
    ].flat(2);
  const compare = (which: number) =>
    [
      [sum(xq + which), set(product), sum(qq + which), set(square)],
      [get(product), get(product), f64.mul, get(square), f64.div, tee(scale), get(best), f64.greater],
      [when(...[get(scale), set(best)], ...[get(result), get(product), get(square), f64.div, f64.store()])],
    ].flat(2);
  const tryCandidates = [
    ...two.flatMap(begin),
    ...addUp.flat(),
    ...two.flatMap(compare),
    ...[get(candidate), i32.const(16), i32.add, tee(candidate)].flat(),
    ...[i32.const(table + 8 * candidates.length), i32.lessThan].flat(),
  ];
  const block = [
    [f32.const(0), set(extreme)],
    findExtreme,
    widen,
    [f64.const(0), set(best), get(result), f64.const(0), f64.store(), i32.const(table), set(candidate)],
    [repeat(tryCandidates)],
    [get(x), i32.const(4 * size), i32.add, set(x)],
    [get(result), i32.const(8), i32.add, tee(result), get(end), i32.lessThan],
  ].flat();
  return wasmModule({
    parameters: ['i32', 'i32', 'i32'],
    locals: [
      ...(['i32', 'f32', 'f64', 'f64', 'f64', 'f64'] as const),
      ...(['v128', 'v128', 'v128', 'v128', 'v128', 'v128', 'f32'] as const),
      ...(['v128', 'v128'] as const),
    ],
    code: [repeat(...block)],
    pages,
  });
}

interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly run: (x: number, result: number, end: number) => void;
}

let started: Kernel | undefined;

function start(): Kernel {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(kernel()));
  const exported = instance.exports as unknown as Kernel;
  new Float64Array(exported.memory.buffer, table, candidates.length).set(candidates);
  return exported;
}

/**
 * Scales of contiguous blocks of 32 values.
 *
 * @returns one a block; 0 for a block of zeros
 */
export function searchScales(x: Float32Array): Float64Array {
  started ??= start();
  const { memory, run } = started;
  const blocks = x.length / size;
  const scales = new Float64Array(blocks);
  const inside = new Float32Array(memory.buffer, values, size * batch);
  const batchScales = new Float64Array(memory.buffer, results, batch);
  for (let first = 0; first < blocks; first += batch) {
    const count = Math.min(batch, blocks - first);
    inside.set(x.subarray(first * size, (first + count) * size));
    run(values, results, results + 8 * count);
    scales.set(batchScales.subarray(0, count), first);
  }
  return scales;
}
