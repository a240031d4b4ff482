import { describe, expect, it } from 'vitest';
import { featureColumns } from '../../core/sampling/human-features.ts';
import { sobel, withShifted } from './filters.ts';
import { FrameFeatures, type FramePlanes } from './frame-features.ts';
import { jointHistogram } from './gm-log.ts';
import { fitGaussian, fitProducts, momentsOf } from './moments.ts';
import { cornerMotion, keyPoints } from './motion.ts';
import type { Plane } from './plane.ts';
import { axis, composed, half, resize } from './resize.ts';

/** Uniform numbers below 1 from a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function plane(width: number, height: number, of: (x: number, y: number) => number): Plane {
  const data = new Float64Array(width * height);
  for (let i = 0; i < data.length; i++) data[i] = of(i % width, Math.floor(i / width));
  return { width, height, data };
}

/** Blocks of 8 × 8 of random levels. */
function texture(width: number, height: number, scale = 1): Plane {
  const next = random(3);
  const cells = Array.from({ length: Math.ceil(width / 8) * Math.ceil(height / 8) }, next);
  return plane(width, height, (x, y) => scale * cells[(y >> 3) * Math.ceil(width / 8) + (x >> 3)]!);
}

const sampled = (n: number, draw: () => number) => plane(n, 1, draw);

describe('moments', () => {
  it('finds the shapes of Laplace and normal distributions', () => {
    const next = random(1);
    const laplace = sampled(200_000, () => {
      const u = next() - 0.5;
      return 3 - 2 * Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
    });
    const normal = sampled(
      200_000,
      () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    );
    expect(fitGaussian(laplace).shape).toBeCloseTo(1, 1);
    expect(fitGaussian(normal).shape).toBeCloseTo(2, 1);
    expect(momentsOf(normal).kurtosis).toBeCloseTo(3, 1);
  });

  it('lets rounding noise of a flat area decide no side', () => {
    const at = (noise: number) =>
      plane(60, 60, (x) => (x < 40 ? noise : x % 2 ? 1 : -1) * (x === 40 ? 2 : 1));
    const [a, b] = [fitProducts(at(1e-7), [0, 1]), fitProducts(at(-1e-7), [0, 1])];
    expect(a.left).toBeCloseTo(b.left, 9);
    expect(
      fitProducts(
        plane(8, 8, () => 0),
        [1, 0],
      ).left,
    ).toBeNaN();
  });
});

describe('resize', () => {
  it('keeps constants and rounds sizes up', () => {
    const flat = plane(31, 23, () => 7);
    for (const scale of [0.5, 480 / 540, 2]) {
      const out = resize(flat.data, 31, axis(31, scale), axis(23, scale));
      expect([out.width, out.height]).toEqual([Math.ceil(31 * scale), Math.ceil(23 * scale)]);
      for (const value of out.data) expect(value).toBeCloseTo(7, 10);
    }
  });

  it('gives the same numbers composed as one after the other', () => {
    const source = texture(96, 80, 255);
    const [x, y] = [axis(96, 2 / 3), axis(80, 2 / 3)];
    const after = half(resize(source.data, 96, x, y));
    const once = resize(
      source.data,
      96,
      composed(axis(x.size, 0.5), x, 96),
      composed(axis(y.size, 0.5), y, 80),
    );
    for (const [i, value] of once.data.entries()) expect(value).toBeCloseTo(after.data[i]!, 9);
  });
});

it('Sobel derivatives of a ramp are 8, and 0 at a continued border', () => {
  const ramp = plane(6, 5, (x) => x);
  expect(sobel(ramp)[0].data[2 * 6 + 3]).toBe(8);
  expect(sobel(ramp, 'nearest')[0].data[2 * 6]).toBe(4);
  expect(Math.max(...sobel(ramp, 'nearest')[1].data)).toBe(0);
});

it('a shift is down and to the right, and cyclic', () => {
  const source = plane(3, 2, (x, y) => 3 * y + x);
  expect([...withShifted(source, [0, 1], (_, b) => b).data]).toEqual([2, 0, 1, 5, 3, 4]);
  expect([...withShifted(source, [-1, 1], (_, b) => b).data]).toEqual([5, 3, 4, 2, 0, 1]);
});

it('the joint histogram sums to 1', () => {
  expect(jointHistogram(texture(80, 64, 255)).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
});

it('a shifted texture moves by the shift', () => {
  const now = texture(160, 120);
  const other = (offset: readonly [number, number]) => withShifted(now, offset, (_, b) => b);
  expect(keyPoints(now, 8).length).toBeGreaterThan(10);
  const inner = cornerMotion(now, other([-2, 1]), other([3, -1]), 8).filter(
    ({ x, y }) => x > 20 && y > 20 && x < 140 && y < 100,
  );
  const right = inner.filter(
    ({ before, after }) => before.x === -1 && before.y === 2 && after.x === -1 && after.y === 3,
  );
  expect(inner.length).toBeGreaterThan(5);
  expect(right.length / inner.length).toBeGreaterThan(0.9);
});

describe('FrameFeatures', () => {
  const grey = (width: number, height: number, y: Uint8Array): FramePlanes => {
    const chroma = new Uint8Array(Math.ceil(width / 2) * Math.ceil(height / 2)).fill(128);
    return { width, height, y, cb: chroma, cr: chroma };
  };

  it('has a finite value for every column of a textured frame of odd size', () => {
    const y = Uint8Array.from(texture(131, 97, 235).data);
    const features = new FrameFeatures(131, 97);
    const values: Record<string, number> = features.sample(
      grey(131, 97, y),
      { number: 0, y },
      { number: 2, y },
    );
    const sharp: Record<string, number> = features.sharpness(grey(131, 97, y));
    for (const column of featureColumns) {
      const value = sharp[column] ?? values[column.slice(4)];
      expect(Number.isFinite(value), column).toBe(true);
    }
    expect([values.ti, values.mo_intensity, values.mo_y]).toEqual([0, 0, 0.5]);
  });

  it('has missing values, not invented ones, for a flat frame', () => {
    const y = new Uint8Array(64 * 48);
    const features = new FrameFeatures(64, 48);
    const values = features.sample(grey(64, 48, y), { number: 0, y }, { number: 2, y });
    expect([values.br1_v_lvar, values.fl_h_skew, values.fl_dog_kurt]).toEqual([NaN, NaN, NaN]);
    expect(values.hi1_logdd_shape).toBe(0.2);
  });
});
