import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  axisRange,
  decimate,
  extent,
  nearest,
  readable,
  smooth,
  spreadLabels,
  tickLabels,
  ticks,
  writtenAt,
} from './chart-data.ts';
import type { Cell } from './state/metrics.ts';

describe('smooth', () => {
  it('is corrected for its start: a constant stays what it is', () => {
    for (const value of smooth(Array(30).fill(2.5), 0.9)) expect(value).toBeCloseTo(2.5, 12);
  });
  it('is the average that its formula says', () => {
    // ((1·.5)·.5 + 3·.5) / (.5·.5 + .5) = 1.75 / .75
    expect(smooth([1, 3], 0.5)).toEqual([1, expect.closeTo(1.75 / 0.75, 12)]);
    expect(smooth([1, 3], 0)).toEqual([1, 3]);
  });
  it('keeps gaps and passes over what was not written', () => {
    expect(smooth([1, null, undefined, 1], 0.9)).toEqual([1, null, undefined, expect.closeTo(1, 12)]);
  });
});

describe('decimate', () => {
  const line = (length: number, f: (i: number) => Cell) =>
    [Array.from({ length }, (_, i) => i), Array.from({ length }, (_, i) => f(i))] as const;

  it('leaves a short line alone', () => {
    const [xs, ys] = line(5, (i) => i * i);
    expect(decimate(xs, ys, 100)).toEqual(xs.map((x, i) => [x, ys[i]]));
  });
  it('keeps the one spike of a hundred thousand steps, and its place', () => {
    const [xs, ys] = line(100_000, (i) => (i === 31_415 ? 9 : 0));
    const points = decimate(xs, ys, 300);
    expect(points.length).toBeLessThanOrEqual(4 * 301);
    expect(points).toContainEqual([31_415, 9]);
    expect(points[0]).toEqual([0, 0]);
    expect(points.at(-1)).toEqual([99_999, 0]);
  });
  it('never goes backwards and invents no value', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.double({ noNaN: true, min: -9, max: 9 }), fc.constant(null), fc.constant(undefined)),
          {
            minLength: 1,
            maxLength: 400,
          },
        ),
        fc.integer({ min: 1, max: 40 }),
        (ys, buckets) => {
          const xs = ys.map((_, i) => i * 3);
          const points = decimate(xs, ys, buckets);
          for (const [i, [x, y]] of points.entries()) {
            expect(y === null || ys[x / 3] === y).toBe(true);
            if (i > 0) expect(x).toBeGreaterThan(points[i - 1]![0]);
          }
          const numbers = ys.filter((y) => typeof y === 'number');
          const thinned = points.flatMap(([, y]) => (y === null ? [] : [y]));
          if (numbers.length > 0) {
            expect(Math.max(...thinned)).toBe(Math.max(...numbers));
            expect(Math.min(...thinned)).toBe(Math.min(...numbers));
          }
        },
      ),
    );
  });
  it('keeps a gap a gap', () => {
    expect(decimate([1, 2, 3], [5, null, 6], 1)).toEqual([
      [1, 5],
      [2, null],
      [3, 6],
    ]);
  });
});

describe('axes', () => {
  it('ticks are round and lie inside', () => {
    expect(ticks(0, 412, 5)).toEqual([0, 100, 200, 300, 400]);
    expect(ticks(0.71, 0.893, 3)).toEqual([0.8]);
    expect(ticks(0.71, 0.893, 4)).toEqual([0.75, 0.8, 0.85].filter((t) => ticks(0.71, 0.893, 4).includes(t)));
    expect(ticks(0, 0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(ticks(5, 5, 3)).toEqual([5]);
  });
  it('labels have as many decimals as tell them apart', () => {
    expect(tickLabels([0, 100, 200])).toEqual(['0', '100', '200']);
    expect(tickLabels([0, 0.02, 0.04])).toEqual(['.00', '.02', '.04']);
    expect(tickLabels([0.5, 1])).toEqual(['0.5', '1.0']);
    expect(tickLabels([-0.5, 0])).toEqual(['−.5', '.0']);
    expect(tickLabels([0, 5_000_000])).toEqual(['0', '5M']);
    expect(tickLabels([0, 5e-6, 1e-5])).toEqual(['0', '5e−6', '1e−5']);
  });
  it('say no more than was measured', () => {
    expect([2.936, 0.0584, 131.4, 0, -0.34, 1.2e-6, 0.9996, 1_250_000].map(readable)).toEqual([
      '2.94',
      '.058',
      '131',
      '.000',
      '−.340',
      '1.2e−6',
      '1.00',
      '1.3M',
    ]);
  });
  it('leave a twentieth of room, start at 0 where nothing is below it, and know a ceiling', () => {
    expect(axisRange([1, 3])).toEqual([0.9, 3.1]);
    expect(axisRange([0.01, 1.01])).toEqual([0, 1.06]);
    expect(axisRange([0.5, 0.99], 1)).toEqual([expect.closeTo(0.4755), 1]);
    expect(axisRange([2, 2])).toEqual([1.8, 2.2]);
    expect(axisRange([0, 0])).toEqual([0, 1]);
  });
  it('reach over what is in sight', () => {
    const lines = [{ xs: [0, 1, 2, 3], ys: [9, 1, null, undefined] }];
    expect(extent(lines, 1, 3)).toEqual([1, 1]);
    expect(extent(lines, 2, 3)).toBeNull();
  });
});

describe('the cursor', () => {
  it('goes to the nearest record', () => {
    expect([-5, 0.4, 0.6, 7, 99].map((x) => nearest([0, 1, 8], x))).toEqual([0, 0, 1, 2, 2]);
    expect(nearest([], 3)).toBe(-1);
  });
  it('reads what was written last, a gap included', () => {
    expect(writtenAt([undefined, 3, undefined, null, undefined], 2)).toBe(1);
    expect(writtenAt([undefined, 3, undefined, null, undefined], 4)).toBe(3);
    expect(writtenAt([undefined], 0)).toBe(-1);
  });
});

describe('spreadLabels', () => {
  it('keeps names apart, in order and inside', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 180, noNaN: true }), { maxLength: 8 }), (at) => {
        const positions = spreadLabels(at, 13, 0, 180);
        const order = at.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
        for (const [n, { i }] of order.entries()) {
          expect(positions[i]).toBeLessThanOrEqual(180);
          if (n > 0) expect(positions[i]! - positions[order[n - 1]!.i]!).toBeGreaterThanOrEqual(13 - 1e-9);
        }
      }),
    );
    expect(spreadLabels([50, 120], 13, 0, 180)).toEqual([50, 120]);
  });
});
