import { describe, expect, it } from 'vitest';
import { axisTicks, orderPaths, orderSvg, plottedOrder, shownOrder } from './order-plot.ts';
import { drawPerturbation } from './state/timeline.ts';

describe('plottedOrder', () => {
  it('marks displaced, repeated and missing frames', () => {
    const { points, missing } = plottedOrder([0, 0, null, 2], 4);
    expect(points.map(({ displaced, repeated }) => [displaced, repeated])).toEqual([
      [false, false],
      [true, true],
      [true, false],
      [true, false],
    ]);
    expect(missing).toEqual([1, 3]);
  });
  it('leaves a gap at a removed frame', () => {
    const { line, displaced: moved, unmoved } = orderPaths(plottedOrder([0, null, 2, 1], 4), 400, 100);
    expect(line).toBe('M50 87.5M250 37.5L350 62.5');
    expect(unmoved).toBe('M50 87.5h0M250 37.5h0');
    expect(moved).toBe('M350 62.5h0');
  });
  it('is shifted by the offset and holds its ends', () => {
    const perturbation = drawPerturbation(
      { sampling: 'goldenRatio', frames: 4, motion: { pixels: 'squash', frames: 'same' } },
      5,
      {
        mode: 'reverse',
        over: 'video',
        strength: null,
        seed: 1,
      },
    );
    expect(shownOrder(perturbation, [], 5, 0)).toEqual([4, 3, 2, 1, 0]);
    expect(shownOrder(perturbation, [], 5, -2)).toEqual([4, 4, 4, 3, 2]);
    expect(shownOrder(null, [], 3, 0)).toEqual([0, 1, 2]);
  });
});

describe('axisTicks', () => {
  it.each([
    [8, 12, [1, 2, 3, 4, 5, 6, 7, 8]],
    [250, 6, [1, 50, 100, 150, 200, 250]],
    [1800, 6, [1, 500, 1000, 1500, 1800]],
    [90, 6, [1, 20, 40, 60, 80, 90]],
  ])('of %i, at most %i', (count, most, ticks) => expect(axisTicks(count, most)).toEqual(ticks));
});

describe('orderSvg', () => {
  it('is a complete file and escapes its texts', () => {
    const svg = orderSvg(plottedOrder([1, 0], 2), 'a <b> & "c"', ['x < y']);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toContain('a &lt;b&gt; &amp; &quot;c&quot;');
    expect(svg).toContain('x &lt; y');
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
