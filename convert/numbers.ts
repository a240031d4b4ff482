/** Number formats of weights: what safetensors holds, as float32, and back to float16. */

const scratch = new DataView(new ArrayBuffer(4));

/** All 65,536 half floats as float32; 256 KiB, made on first use. */
let halves: Float32Array | undefined;

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** float16 bits as float32, exact. */
export function fromFloat16(source: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits));
  const table = halves;
  const out = new Float32Array(source.length);
  for (let i = 0; i < source.length; i++) out[i] = table[source[i]!]!;
  return out;
}

/** bfloat16 bits as float32, exact: they are its upper half. */
export function fromBfloat16(source: Uint16Array): Float32Array {
  const out = new Uint32Array(source.length);
  for (let i = 0; i < source.length; i++) out[i] = source[i]! << 16;
  return new Float32Array(out.buffer);
}

/** Nearest float16 bits of a float32, ties to even; beyond 65504 it is infinity. */
export function float16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x33000001) return sign;
  const exponent = magnitude >>> 23;
  // Below 2^-14 the result is subnormal: the implicit bit is written out and shifted further.
  const shift = exponent < 113 ? 126 - exponent : 13;
  const fraction = exponent < 113 ? (magnitude & 0x7fffff) | 0x800000 : magnitude - (112 << 23);
  const half = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (half + (rest > middle || (rest === middle && (half & 1) === 1) ? 1 : 0));
}

export function toFloat16(source: Float32Array): Uint16Array {
  const out = new Uint16Array(source.length);
  for (let i = 0; i < source.length; i++) out[i] = float16Bits(source[i]!);
  return out;
}

/** The value that a float32 has after a round trip through float16. */
export function roundToFloat16(value: number): number {
  return halfToFloat(float16Bits(value));
}

/** The same memory as bytes. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
