import { expect, test } from 'vitest';
import { seededRandom } from '../../core/stats/random.ts';
import type { Planes } from './planes.ts';
import { RgbInverter } from './rgb-planes.ts';

const [width, height] = [65, 47];
const [chromaWidth, chromaHeight] = [33, 24];
const random = seededRandom(1);

/** A plane with slopes and noise, within `from` … `to`. */
const plane = (columns: number, rows: number, from: number, to: number): Uint8Array =>
  Uint8Array.from({ length: columns * rows }, (_, i) => {
    const slope = ((i % columns) / columns + Math.floor(i / columns) / rows) / 2;
    return Math.round(from + (to - from) * (0.7 * slope + 0.3 * random.uniform()));
  });

/** libyuv's `YuvPixel`, from include/libyuv/row.h: fixed point with a multiplication by 0x0101. */
function libyuv(y: number, u: number, v: number, [yg, yb, ub, ug, vg, vr]: readonly number[]) {
  const luma = Math.floor((y * 257 * yg!) / 65536) + yb!;
  const channel = (value: number) => Math.min(255, Math.max(0, Math.floor(value / 64)));
  return [
    channel(luma + (v - 128) * vr!),
    channel(luma - (u - 128) * ug! - (v - 128) * vg!),
    channel(luma + (u - 128) * ub!),
  ];
}

/** BGRX of planes; `chroma` gives U and V at a pixel. */
function bgrx(
  y: Uint8Array,
  chroma: (column: number, row: number) => readonly [number, number],
  constants: readonly number[],
): Planes {
  const samples = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const at = row * width + column;
      const [u, v] = chroma(column, row);
      const [r, g, b] = libyuv(y[at]!, u, v, constants);
      samples.set([b!, g!, r!, 255], 4 * at);
    }
  const channel = (offset: number) => ({ offset, stride: 4 * width, step: 4 }) as const;
  return {
    width,
    height,
    bitDepth: 8,
    shiftX: 0,
    shiftY: 0,
    fromRgb: true,
    samples,
    u: channel(0),
    y: channel(1),
    v: channel(2),
  };
}

const CONSTANTS = {
  'bt709 limited': [18997, -1160, 128, 14, 34, 115],
  'smpte170m limited': [18997, -1160, 128, 25, 52, 102],
  'smpte170m full': [16320, 32, 113, 22, 46, 90],
} as const;

const y = plane(width, height, 60, 190);
const u = plane(chromaWidth, chromaHeight, 100, 150);
const v = plane(chromaWidth, chromaHeight, 105, 160);
const nearest = (column: number, row: number) => {
  const at = (row >> 1) * chromaWidth + (column >> 1);
  return [u[at]!, v[at]!] as const;
};

test.each(Object.entries(CONSTANTS))('planes are taken back exactly from RGB of %s', (name, constants) => {
  const [matrix, range] = name.split(' ') as [VideoMatrixCoefficients, string];
  const colour = { matrix, fullRange: range === 'full' };
  const planes = new RgbInverter().planesOf(bgrx(y, nearest, constants), colour)!;
  expect(planes.fromRgb).toBeUndefined();
  expect(planes.samples).toEqual(new Uint8Array([...y, ...u, ...v]));
});

test('a wrong report of the matrix is noticed', () => {
  const planes = new RgbInverter().planesOf(bgrx(y, nearest, CONSTANTS['bt709 limited']), {
    matrix: 'smpte170m',
    fullRange: false,
  })!;
  expect(planes.samples.subarray(0, y.length)).toEqual(y);
});

test('black, white and clipped colours come out as colours that clip alike', () => {
  const wild = plane(width, height, 10, 250);
  const source = bgrx(wild, nearest, CONSTANTS['bt709 limited']);
  const planes = new RgbInverter().planesOf(source, { matrix: 'bt709', fullRange: false })!;
  const samples = Uint8Array.from(planes.samples);
  const [us, vs] = [samples.subarray(wild.length), samples.subarray(wild.length + u.length)];
  const again = bgrx(
    samples.subarray(0, wild.length),
    (column, row) => {
      const at = (row >> 1) * chromaWidth + (column >> 1);
      return [us[at]!, vs[at]!];
    },
    CONSTANTS['bt709 limited'],
  );
  expect(again.samples).toEqual(source.samples);
});

test('planes of many clipped colours are marked', () => {
  const marked = (from: number, to: number, chroma = nearest) => {
    const source = bgrx(plane(width, height, from, to), chroma, CONSTANTS['bt709 limited']);
    return new RgbInverter().planesOf(source, { matrix: 'bt709', fullRange: false })?.clipped;
  };
  expect(marked(60, 190)).toBeUndefined();
  expect(marked(180, 255)).toBe(true);
  // Black is clipped too, and nothing is lost by it.
  expect(marked(0, 1, () => [128, 128])).toBeUndefined();
});

test('RGB of interpolated chroma is left as it is', () => {
  const between = (column: number, row: number) => {
    const [a, b] = [nearest(column, row), nearest(Math.min(width - 1, column + 1), row)];
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const;
  };
  const source = bgrx(y, between, CONSTANTS['bt709 limited']);
  expect(new RgbInverter().planesOf(source, { matrix: 'bt709', fullRange: false })).toBeNull();
});
