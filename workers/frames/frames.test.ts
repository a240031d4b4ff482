/** The store's arithmetic: how small, which part, and what becomes of the samples. Oracle: written out by hand. */
import { describe, expect, it } from 'vitest';
import type { Planes } from '../media/planes.ts';
import { colourTables, writeRgb } from '../media/yuv.ts';
import { planesBytes, planStore, storedRange } from './plan.ts';
import { layoutOf, reduceFrame } from './reduce.ts';

const CAP = 512e6;
const hd = { width: 1920, height: 1080, bitDepth: 8, chroma: '4:2:0', rotation: 0 };

describe('planStore', () => {
  it('keeps 60 s of 1080p at 576 × 324 within the cap', () => {
    const plan = planStore({ ...hd, frames: 1800 }, CAP);
    expect([plan.width, plan.height, plan.room, plan.exact]).toEqual([576, 324, 1800, false]);
    expect(plan.bytesPerFrame * plan.room).toBe(503_884_800);
  });
  it('keeps a small clip as it is', () => {
    const plan = planStore({ ...hd, width: 640, height: 272, frames: 250 }, CAP);
    expect([plan.width, plan.height, plan.exact]).toEqual([640, 272, true]);
  });
  it('never calls reduced what has more bits or finer chroma', () => {
    for (const change of [{ bitDepth: 10 }, { chroma: '4:4:4' }])
      expect(planStore({ ...hd, width: 320, height: 240, frames: 10, ...change }, CAP).exact).toBe(false);
  });
  it('makes frames smaller before it leaves any out', () => {
    const plan = planStore({ ...hd, frames: 5000 }, CAP);
    expect(plan.room).toBe(5000);
    expect(plan.width).toBeLessThan(576);
  });
  it('keeps a part of a long video', () => {
    const plan = planStore({ ...hd, frames: 21766 }, CAP);
    expect([plan.width, plan.height]).toEqual([256, 144]);
    expect(plan.room).toBe(Math.floor(CAP / (256 * 144 * 1.5)));
    expect(storedRange(plan, 0)).toEqual([0, plan.room]);
    expect(storedRange(plan, 21765)).toEqual([21766 - plan.room, 21766]);
    const [from, to] = storedRange(plan, 10000);
    expect(from).toBeLessThan(10000);
    expect(to).toBeGreaterThan(10000);
  });
  it.each([1, 7, 250, 1800, 3600, 9000, 40000])('keeps to the cap with %i frames', (frames) => {
    for (const [width, height] of [
      [1920, 1080],
      [1080, 1920],
      [3840, 2160],
      [641, 359],
    ] as const) {
      const plan = planStore({ ...hd, width, height, frames }, CAP);
      expect(plan.room * plan.bytesPerFrame).toBeLessThanOrEqual(CAP);
      expect(plan.room).toBeGreaterThan(0);
      expect(plan.width / plan.height / (width / height)).toBeCloseTo(1, 1);
    }
  });
});

/** A picture whose samples are given by functions of their place. */
function planes(width: number, height: number, y: (x: number, y: number) => number): Planes {
  const samples = new Uint8Array(planesBytes(width, height));
  const { chromaWidth, chromaHeight, u, v } = layoutOf(width, height);
  for (let j = 0; j < height; j++) for (let i = 0; i < width; i++) samples[j * width + i] = y(i, j);
  for (let k = 0; k < chromaWidth * chromaHeight; k++) {
    samples[u + k] = 90 + (k % 50);
    samples[v + k] = 160 - (k % 50);
  }
  const layout = (offset: number, stride: number) => ({ offset, stride, step: 1 }) as const;
  return {
    width,
    height,
    bitDepth: 8,
    samples,
    y: layout(0, width),
    u: layout(u, chromaWidth),
    v: layout(v, chromaWidth),
    shiftX: 1,
    shiftY: 1,
  };
}

describe('reduceFrame', () => {
  it('is the mean of each box', () => {
    const source = planes(8, 4, (x, y) => x * 10 + y);
    const small = reduceFrame(source, 0, 4, 2, false);
    // Means of 2 × 2 boxes: 10·(2i + 0.5) + (2j + 0.5), rounded half up.
    expect([...small.subarray(0, 8)]).toEqual([6, 26, 46, 66, 8, 28, 48, 68]);
  });
  it('copies what need not be reduced', () => {
    const source = planes(6, 4, (x, y) => x * 7 + y * 31);
    expect([...reduceFrame(source, 0, 6, 4, false)]).toEqual([...source.samples]);
  });
  it.each([false, true])('turns the picture as the player does, mirrored: %s', (mirrored) => {
    const source = planes(6, 4, (x, y) => x * 7 + y * 31);
    const tables = colourTables({ matrix: 'bt709', range: 'limited' }, 8);
    for (const rotation of [0, 90, 180, 270] as const) {
      const [width, height] = rotation % 180 === 0 ? [6, 4] : [4, 6];
      const rgb = (of: Planes, by: typeof rotation, flip = false) => {
        const bytes = new Uint8ClampedArray(6 * 4 * 3);
        const region = { x: 0, y: 0, width, height, step: 1 };
        writeRgb(of, tables, by, region, { bytes, offset: 0, stride: width * 3, channels: 3 }, flip);
        return [...bytes];
      };
      const { chromaWidth, u, v } = layoutOf(width, height);
      const reducedPlanes: Planes = {
        ...source,
        width,
        height,
        samples: reduceFrame(source, rotation, width, height, false, mirrored),
        y: { offset: 0, stride: width, step: 1 },
        u: { offset: u, stride: chromaWidth, step: 1 },
        v: { offset: v, stride: chromaWidth, step: 1 },
      };
      expect([rotation, rgb(reducedPlanes, 0)]).toEqual([rotation, rgb(source, rotation, mirrored)]);
    }
  });
  it('brings ten bits to eight', () => {
    const samples = Uint16Array.from({ length: planesBytes(4, 2) }, () => 515);
    const deep: Planes = { ...planes(4, 2, () => 0), bitDepth: 10, samples };
    expect(new Set(reduceFrame(deep, 0, 2, 2, false))).toEqual(new Set([128]));
  });
  it('makes YUV of RGB that comes back within a step', () => {
    const pixels = 8;
    const samples = new Uint8Array(pixels * 4);
    for (let i = 0; i < pixels; i++) samples.set([200, 60, 30, 255], i * 4);
    const rgb = (offset: number) => ({ offset, stride: 16, step: 4 }) as const;
    const source: Planes = {
      ...planes(4, 2, () => 0),
      samples,
      v: rgb(0),
      y: rgb(1),
      u: rgb(2),
      shiftX: 0,
      shiftY: 0,
    };
    const small = reduceFrame(source, 0, 4, 2, true);
    const { chromaWidth, u, v } = layoutOf(4, 2);
    const bytes = new Uint8ClampedArray(4 * 2 * 3);
    writeRgb(
      {
        ...planes(4, 2, () => 0),
        samples: small,
        u: { offset: u, stride: chromaWidth, step: 1 },
        v: { offset: v, stride: chromaWidth, step: 1 },
      },
      colourTables({ matrix: 'bt601', range: 'full' }, 8),
      0,
      { x: 0, y: 0, width: 4, height: 2, step: 1 },
      { bytes, offset: 0, stride: 12, channels: 3 },
    );
    for (const [i, value] of [200, 60, 30].entries())
      expect(Math.abs(bytes[i]! - value)).toBeLessThanOrEqual(2);
  });
});
