import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fragmentPlan } from './fragments.ts';

describe('fragments', () => {
  test('1920 × 1080, 7 × 7 blocks of 32: centres of the grid, even offsets', () => {
    const plan = fragmentPlan(1920, 1080, 224, 32);
    expect(plan).toMatchObject({ grid: 7, width: 1920, height: 1080, scaled: false });
    expect(plan.x).toEqual([120, 394, 668, 944, 1218, 1492, 1766]); // centres 137.14, 411.43, 685.71, 960, …
    expect(plan.y).toEqual([60, 214, 368, 524, 678, 832, 986]);
  });

  test('a frame of exactly the size is taken whole', () => {
    expect(fragmentPlan(224, 224, 224, 32).x).toEqual([0, 32, 64, 96, 128, 160, 192]);
  });

  test('a small frame is scaled up so that its tighter side fits exactly', () => {
    expect(fragmentPlan(160, 120, 224, 32)).toMatchObject({ scaled: true, width: 299, height: 224 });
    expect(fragmentPlan(120, 160, 224, 32)).toMatchObject({ scaled: true, width: 224, height: 299 });
    expect(fragmentPlan(1000, 49, 224, 32)).toMatchObject({ scaled: true, width: 4572, height: 224 });
  });

  test('blocks are even, ascend and lie inside the frame for every size', () => {
    const side = fc.integer({ min: 1, max: 8000 });
    const shape = fc.constantFrom([224, 32], [224, 28], [128, 64], [96, 96], [280, 28], [192, 48]);
    fc.assert(
      fc.property(side, side, shape, (w, h, [size, cell]) => {
        const plan = fragmentPlan(w, h, size!, cell!);
        expect(Math.min(plan.width, plan.height)).toBeGreaterThanOrEqual(size!);
        if (plan.scaled) expect(Math.min(plan.width, plan.height)).toBe(size);
        for (const [edges, length] of [
          [plan.x, plan.width],
          [plan.y, plan.height],
        ] as const) {
          expect(edges.length).toBe(size! / cell!);
          for (const [i, e] of edges.entries()) {
            expect(e % 2 === 0 && e >= 0 && e + cell! <= length && (i === 0 || e > edges[i - 1]!)).toBe(true);
          }
        }
      }),
    );
  });

  test('a cell that does not fit the size is refused', () => {
    expect(() => fragmentPlan(640, 480, 224, 48)).toThrow(RangeError);
    expect(() => fragmentPlan(640, 480, 225, 25)).toThrow(RangeError);
  });
});
