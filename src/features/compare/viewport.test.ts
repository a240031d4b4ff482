import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  containIn,
  fitScale,
  imageBox,
  nextZoom,
  panBy,
  panesOf,
  pixelAt,
  settled,
  type ViewTransform,
  zoomAt,
} from './viewport.ts';

const image = { width: 640, height: 272 };
const pane = { x: 0, y: 0, width: 1000, height: 500 };
const fit: ViewTransform = { zoom: null, centre: [0.5, 0.5] };

describe('panes', () => {
  const field = { width: 1001, height: 500 };
  it('are two of equal size side by side, and in the other order when swapped', () => {
    const [left, right] = panesOf('side', field, false, null);
    expect([left?.sides, right?.sides]).toEqual([['a'], ['b']]);
    expect([left?.width, right?.width, right?.x]).toEqual([499, 499, 502]);
    expect(panesOf('side', field, true, null)[0]?.sides).toEqual(['b']);
  });
  it('are one for split, overlay and difference, and for a side shown alone', () => {
    for (const view of ['split', 'overlay', 'difference'] as const)
      expect(panesOf(view, field, false, null)).toEqual([{ x: 0, y: 0, ...field, sides: ['a', 'b'] }]);
    expect(panesOf('stack', field, false, 'b')).toEqual([{ x: 0, y: 0, ...field, sides: ['b'] }]);
  });
});

describe('the image in its pane', () => {
  it('fits and stands in the middle', () => {
    const box = imageBox(image, pane, fit);
    expect(box.scale).toBe(1000 / 640);
    expect([box.x, box.y, box.width, box.height]).toEqual([0, 37.5, 1000, 425]);
  });
  it('lies on whole pixels at 1:1', () => {
    expect(imageBox(image, { ...pane, width: 1001 }, { ...fit, zoom: 1 })).toMatchObject({
      x: 181,
      y: 114,
    });
  });
  it('leaves no empty edge that it could fill', () => {
    expect(imageBox(image, pane, { zoom: 2, centre: [0, 0] })).toMatchObject({ x: 0, y: 0 });
    expect(imageBox(image, pane, { zoom: 2, centre: [1, 1] })).toMatchObject({ x: -280, y: -44 });
  });
  it('keeps the point under the pointer when it zooms in', () => {
    const large: ViewTransform = { zoom: 2, centre: [0.4, 0.6] };
    const positions = fc.tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 499 }));
    fc.assert(
      fc.property(positions, fc.double({ min: 2, max: 8, noNaN: true }), ([x, y], zoom) => {
        const before = pixelAt(image, pane, large, x, y)!;
        const after = pixelAt(image, pane, zoomAt(image, pane, large, zoom, x, y), x, y)!;
        expect(Math.abs(after.x - before.x)).toBeLessThanOrEqual(1);
        expect(Math.abs(after.y - before.y)).toBeLessThanOrEqual(1);
      }),
    );
  });
  it('stays within 25 and 800 %', () => {
    expect(zoomAt(image, pane, fit, 99, 0, 0).zoom).toBe(8);
    expect(zoomAt(image, pane, fit, 0.01, 0, 0).zoom).toBe(0.25);
  });
  it('moves with the pointer, and has no dead travel at the edge', () => {
    const at: ViewTransform = { zoom: 4, centre: [0.5, 0.5] };
    const box = imageBox(image, pane, panBy(image, pane, at, 30, -20));
    expect([box.x, box.y]).toEqual([imageBox(image, pane, at).x + 30, imageBox(image, pane, at).y - 20]);
    const edge = panBy(image, pane, at, 99999, 0);
    expect(imageBox(image, pane, edge).x).toBe(0);
    expect(imageBox(image, pane, panBy(image, pane, edge, -10, 0)).x).toBe(-10);
  });
  it('reads the pixel under a point, and none beside the image', () => {
    const at: ViewTransform = { zoom: 1, centre: [0.5, 0.5] };
    expect(pixelAt(image, pane, at, 180, 114)).toEqual({ x: 0, y: 0 });
    expect(pixelAt(image, pane, at, 819, 385)).toEqual({ x: 639, y: 271 });
    expect(pixelAt(image, pane, at, 179, 200)).toBeNull();
    expect(pixelAt(image, pane, at, 820, 200)).toBeNull();
    expect(pixelAt(image, pane, at, -1, 0)).toBeNull();
  });
  it('settles once', () => {
    const look = settled(image, pane, { zoom: 3, centre: [0.99, 0.01] });
    const again = settled(image, pane, look);
    for (const k of [0, 1] as const) expect(again.centre[k]).toBeCloseTo(look.centre[k], 3);
  });
});

describe('scales', () => {
  it('go up and down a row', () => {
    expect(nextZoom(1, 1)).toBe(1.5);
    expect(nextZoom(1.43, 1)).toBe(1.5);
    expect(nextZoom(1.43, -1)).toBe(1);
    expect(nextZoom(8, 1)).toBe(8);
    expect(nextZoom(0.25, -1)).toBe(0.25);
  });
  it('put another shape in whole', () => {
    expect(containIn({ width: 100, height: 200 }, { x: 10, y: 20, width: 400, height: 100 })).toEqual({
      x: 185,
      y: 20,
      width: 50,
      height: 100,
    });
    expect(fitScale({ width: 2, height: 4 }, { width: 2, height: 2 })).toBe(0.5);
  });
});
