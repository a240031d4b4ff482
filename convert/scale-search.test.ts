import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchScale, searchScales } from './scale-search.ts';

const block = fc.float32Array({ minLength: 32, maxLength: 32, noDefaultInfinity: true, noNaN: true });

describe('scale search', () => {
  it('gives in WebAssembly the bits that it gives in TypeScript', () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 8 }), (blocks) => {
        const x = Float32Array.from(blocks.flatMap((each) => [...each]));
        const expected = blocks.map((_, i) => searchScale(x, 32 * i, 32));
        expect([...searchScales(x)]).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('goes on past one call, and does not carry a block into the next', () => {
    const x = Float32Array.from({ length: 32 * 9000 }, (_, i) => Math.sin(i * i) * 2 ** ((i >> 5) % 40));
    x.fill(0, 32 * 8191, 32 * 8193);
    const scales = searchScales(x);
    expect(scales).toHaveLength(9000);
    for (let i = 0; i < 9000; i++) expect(scales[i]).toBe(searchScale(x, 32 * i, 32));
    expect([scales[8191], scales[8192]]).toEqual([0, 0]);
  });

  it('leaves less squared error than the scale of the extreme value', () => {
    const x = Float32Array.from({ length: 32 }, (_, i) => Math.sin(7 * i) + (i === 5 ? 2 : 0));
    const left = (scale: number) =>
      x.reduce((sum, v) => sum + (v - scale * Math.min(7, Math.max(-8, Math.round(v / scale)))) ** 2, 0);
    const extreme = x.reduce((most, v) => (Math.abs(v) > Math.abs(most) ? v : most), 0);
    expect(left(searchScales(x)[0] as number)).toBeLessThan(left(-extreme / 8));
  });
});
