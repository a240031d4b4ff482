import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkResize } from '../../scripts/conformance/resize.ts';
import { resizePlane, resizeRgb } from './resize.ts';

const golden = resolve(process.env.VQA_SHARED ?? '../shared', 'golden/rules/resize');

describe('resizeRgb', () => {
  it.skipIf(!existsSync(golden))('gives the bytes of Pillow on all 26 golden pictures', () => {
    expect(checkResize(golden)).toEqual({
      name: 'resize',
      cases: 26,
      failures: [],
      largestError: 0,
      limit: 0,
    });
  });

  it('keeps a flat picture flat, up and down', () => {
    const flat = new Uint8Array(7 * 5 * 3).fill(201);
    for (const side of [1, 3, 24]) expect(new Set(resizeRgb(flat, 7, 5, side, side))).toEqual(new Set([201]));
  });

  it('clamps the overshoot of an edge instead of wrapping it', () => {
    const edge = Uint8Array.from({ length: 8 * 3 }, (_, i) => (i < 12 ? 0 : 255));
    const wide = resizeRgb(edge, 8, 1, 32, 1);
    expect(Math.min(...wide.subarray(0, 12))).toBe(0);
    expect(Math.max(...wide.subarray(-12))).toBe(255);
  });

  it('hands a picture of the right size back as it is', () => {
    const noise = Uint8Array.from({ length: 4 * 4 * 3 }, (_, i) => (i * 97) & 255);
    expect(resizeRgb(noise, 4, 4, 4, 4)).toEqual(noise);
  });

  it.each([
    [64, 48, 20, 16],
    [33, 17, 33, 5],
    [9, 7, 40, 7],
    [31, 1, 8, 1],
  ])('takes RGBA as it takes RGB: %d × %d to %d × %d', (width, height, toWidth, toHeight) => {
    const rgb = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 31) & 255);
    const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
      i % 4 === 3 ? 255 : rgb[(i >> 2) * 3 + (i % 4)]!,
    );
    expect(resizeRgb(rgba, width, height, toWidth, toHeight, 4)).toEqual(
      resizeRgb(rgb, width, height, toWidth, toHeight),
    );
  });

  it('refuses a picture that is shorter than it says', () => {
    expect(() => resizeRgb(new Uint8Array(10), 2, 2, 4, 4)).toThrow(RangeError);
  });
});

describe('resizePlane', () => {
  const noise = Uint8Array.from({ length: 31 * 17 }, (_, i) => (i * i * 31) & 255);

  it.each([
    [64, 40],
    [31, 40],
    [12, 9],
  ])('gives what a grey image gives: 31 × 17 to %d × %d', (width, height) => {
    const grey = Uint8Array.from({ length: noise.length * 3 }, (_, i) => noise[Math.floor(i / 3)]!);
    const rgb = resizeRgb(grey, 31, 17, width, height);
    const plane = resizePlane(noise, { width: 31, height: 17 }, { width, height }, 255);
    expect(plane).toEqual(rgb.filter((_, i) => i % 3 === 0));
  });

  it('keeps the steps of deeper samples, and their peak', () => {
    const deep = Uint16Array.from(noise, (value) => value * 16 + 15);
    const plane = resizePlane(deep, { width: 31, height: 17 }, { width: 62, height: 34 }, 4095);
    expect(plane).toBeInstanceOf(Uint16Array);
    expect(Math.max(...plane)).toBe(4095);
    expect([...plane].some((value) => value % 16 !== 15)).toBe(true);
  });
});
