import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float16Bits, fromFloat16, roundToFloat16 } from './numbers.ts';

describe('float16', () => {
  it('survives a round trip for all finite values', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter(
      (bits) => (bits & 0x7c00) !== 0x7c00,
    );
    const values = fromFloat16(all);
    expect(values.every((value, i) => float16Bits(value) === all[i])).toBe(true);
  });

  it('rounds to the nearest, ties to even, and overflows to infinity', () => {
    expect(roundToFloat16(1 + 2 ** -11)).toBe(1);
    expect(roundToFloat16(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
    expect(roundToFloat16(1 + 2 ** -11 + 2 ** -20)).toBe(1 + 2 ** -10);
    expect(roundToFloat16(65519)).toBe(65504);
    expect(roundToFloat16(65520)).toBe(Number.POSITIVE_INFINITY);
    expect(roundToFloat16(2 ** -25)).toBe(0);
    expect(roundToFloat16(2 ** -25 + 2 ** -40)).toBe(2 ** -24);
    expect(roundToFloat16(Number.NaN)).toBeNaN();
    expect(Object.is(roundToFloat16(-(2 ** -30)), -0)).toBe(true);
  });

  it('is the nearest of its neighbours', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65504, max: 65504 }), (x) => {
        const bits = float16Bits(x);
        const error = Math.abs(roundToFloat16(x) - x);
        const near = Uint16Array.of(bits - 1, bits + 1).filter((b) => (b & 0x7c00) !== 0x7c00);
        for (const other of fromFloat16(near)) expect(error).toBeLessThanOrEqual(Math.abs(other - x));
      }),
      { seed: 3 },
    );
  });
});
