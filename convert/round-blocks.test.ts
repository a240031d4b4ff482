import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bits, roundBlock, roundBlocks } from './round-blocks.ts';

const block = fc.float32Array({ minLength: 32, maxLength: 32 });
const factor = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 });

function oracle(x: Float32Array, factors: readonly number[], bits: Bits): number[] {
  const out = new Int8Array(x.length);
  for (const [i, each] of factors.entries())
    roundBlock(x.subarray(32 * i, 32 * i + 32), each, bits, out, 32 * i);
  return [...out];
}

describe('rounding of blocks', () => {
  it.each([4, 8] as const)('gives in WebAssembly what it gives in TypeScript: %i bits', (bits) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(block, factor), { minLength: 1, maxLength: 8 }), (given) => {
        const x = Float32Array.from(given.flatMap(([values]) => [...values]));
        const factors = given.map(([, each]) => each);
        expect([...roundBlocks(x, Float64Array.from(factors), bits)]).toEqual(oracle(x, factors, bits));
      }),
      { numRuns: 300 },
    );
  });

  it('rounds ties to even, clamps, and gives zeros for a factor of zero', () => {
    const x = Float32Array.from({ length: 64 }, (_, i) => (i % 32) / 2 - 5.5);
    const [first, second] = [
      [...roundBlocks(x, Float64Array.of(1, 0), 4)].slice(0, 32),
      new Array(32).fill(0),
    ];
    expect(first.slice(0, 8)).toEqual([-6, -5, -4, -4, -4, -3, -2, -2]);
    expect(Math.max(...first)).toBe(7);
    expect([...roundBlocks(x, Float64Array.of(1, 0), 4)].slice(32)).toEqual(second);
  });

  it('goes on past one call', () => {
    const x = Float32Array.from({ length: 32 * 9000 }, (_, i) => 9 * Math.sin(i * i));
    const factors = Array.from({ length: 9000 }, (_, i) => 1 + (i % 7) / 10);
    expect([...roundBlocks(x, Float64Array.from(factors), 8)]).toEqual(oracle(x, factors, 8));
  });
});
