import { describe, expect, it } from 'vitest';
import { writeDifference } from './difference.ts';

describe('writeDifference', () => {
  const a = [10, 20, 30, 255, 100, 100, 100, 255];
  const b = [13, 20, 27, 255, 100, 140, 100, 255];
  it('is the absolute difference of each channel times the gain', () => {
    const out = new Uint8ClampedArray(8);
    expect(writeDifference(a, b, 8, false, out).mean).toBeCloseTo((2 + 40 / 3) / 2, 12);
    expect([...out]).toEqual([24, 0, 24, 255, 0, 255, 0, 255]);
  });
  it('is grey where only luma counts, and opposite changes of colour cancel there', () => {
    const out = new Uint8ClampedArray(8);
    const { mean } = writeDifference(a, b, 4, true, out);
    // 0.2126·(−3) + 0.0722·3 and 0.7152·40.
    expect(mean).toBeCloseTo((0.4212 + 28.608) / 2, 2);
    expect([...out]).toEqual([2, 2, 2, 255, 114, 114, 114, 255]);
  });
  it('is 0 for equal images', () => {
    const out = new Uint8ClampedArray(8);
    expect(writeDifference(a, a, 32, false, out).mean).toBe(0);
    expect([...out]).toEqual([0, 0, 0, 255, 0, 0, 0, 255]);
  });
});
