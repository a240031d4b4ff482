/** Assembler for one WebAssembly function with 128-bit SIMD (core specification 2.0, binary format), as far as it is used. */

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest & 127;
    rest >>>= 7;
    out.push(rest === 0 ? low : low | 128);
  } while (rest !== 0);
  return out;
}

function signed(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    const last = (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0);
    out.push(last ? low : low | 128);
    if (last) return out;
  }
}

const bytesOf = (value: Float32Array | Float64Array) => [...new Uint8Array(value.buffer)];
/** Alignment (a power of two) and offset of an access. */
const access = (align: number, offset: number) => [align, ...unsigned(offset)];
const simd = (code: number, ...rest: number[]) => [0xfd, ...unsigned(code), ...rest];

export const types = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof types;

/** A sequence of instructions, as bytes. */
export type Code = readonly number[];

export const op = {
  get: (local: number) => [0x20, ...unsigned(local)],
  set: (local: number) => [0x21, ...unsigned(local)],
  tee: (local: number) => [0x22, ...unsigned(local)],
  /** Repeats the body for as long as it leaves a true i32. */
  repeat: (...body: readonly Code[]) => [0x03, 0x40, ...body.flat(), 0x0d, 0, 0x0b],
  /** Runs the body if the i32 before it is true. */
  when: (...body: readonly Code[]) => [0x04, 0x40, ...body.flat(), 0x0b],
  i32: {
    const: (value: number) => [0x41, ...signed(value)],
    add: [0x6a],
    sub: [0x6b],
    lessThan: [0x48],
  },
  f32: {
    const: (value: number) => [0x43, ...bytesOf(Float32Array.of(value))],
    load: (offset = 0) => [0x2a, ...access(2, offset)],
    abs: [0x8b],
    greater: [0x5e],
  },
  f64: {
    const: (value: number) => [0x44, ...bytesOf(Float64Array.of(value))],
    load: (offset = 0) => [0x2b, ...access(3, offset)],
    store: (offset = 0) => [0x39, ...access(3, offset)],
    add: [0xa0],
    mul: [0xa2],
    div: [0xa3],
    greater: [0x64],
    ofFloat32: [0xbb],
  },
  f64x2: {
    const: (value: number) => simd(0x0c, ...bytesOf(Float64Array.of(value, value))),
    load: (offset = 0) => simd(0x00, ...access(4, offset)),
    store: (offset = 0) => simd(0x0b, ...access(4, offset)),
    /** Two float32 as doubles. */
    loadFloat32: (offset = 0) => [...simd(0x5d, ...access(3, offset)), ...simd(0x5f)],
    splat: simd(0x14),
    lane: (i: 0 | 1) => simd(0x21, i),
    nearest: simd(0x94),
    add: simd(0xf0),
    mul: simd(0xf2),
    /** The second where it is smaller, else the first; and where it is larger. */
    orSmaller: simd(0xf6),
    orLarger: simd(0xf7),
  },
  bytes: {
    /** The lower halves of two vectors, the first one's first. */
    lowerHalves: simd(0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
  },
  int32x4: {
    /** Two doubles as integers in the lower half, towards zero; 0 for NaN. */
    ofDoubles: simd(0xfc),
    /** Two vectors as one of 16-bit integers. */
    narrow: simd(0x85),
  },
  int16x8: {
    /** Two vectors as one of 8-bit integers. */
    narrow: simd(0x65),
  },
} as const;

export interface WasmFunction {
  readonly parameters: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly code: readonly Code[];
  /** Memory in pages of 64 KiB. */
  readonly pages: number;
}

/** A module that exports `memory` and, as `run`, a function without a result. */
export function wasmModule({ parameters, locals, code, pages }: WasmFunction): Uint8Array<ArrayBuffer> {
  const list = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()];
  const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content];
  const name = (text: string) => list([...new TextEncoder().encode(text)].map((byte) => [byte]));
  const signature = [0x60, ...list(parameters.map((type) => [types[type]])), 0];
  const body = [...list(locals.map((type) => [1, types[type]])), ...code.flat(), 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list([signature])),
    ...section(3, list([[0]])),
    ...section(5, list([[0, ...unsigned(pages)]])),
    ...section(
      7,
      list([
        [...name('memory'), 2, 0],
        [...name('run'), 0, 0],
      ]),
    ),
    ...section(10, list([[...unsigned(body.length), ...body]])),
  ]);
}
