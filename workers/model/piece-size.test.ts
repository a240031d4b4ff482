import { describe, expect, it } from 'vitest';
import { PieceSize } from './piece-size.ts';

/** Sizes of pieces on a device that takes so many milliseconds a token, after a first run of `first` ms. */
function sizes(msOfToken: number, { most = 512, first = 0, runs = 8 } = {}): number[] {
  const pieces = new PieceSize(64, most);
  return Array.from({ length: runs }, (_, run) => {
    const { tokens } = pieces;
    pieces.record(tokens, run === 0 && first > 0 ? first : tokens * msOfToken);
    return tokens;
  });
}

describe('size of a piece', () => {
  it('grows to what takes 250 ms', () => {
    expect(sizes(1)).toEqual([64, 128, 240, 240, 240, 240, 240, 240]);
    expect(sizes(0.01)).toEqual([64, 128, 256, 512, 512, 512, 512, 512]);
  });

  it('shrinks on a slow device, to sixteen tokens and no further', () => {
    expect(sizes(5)).toEqual([64, 48, 48, 48, 48, 48, 48, 48]);
    expect(sizes(1000)).toEqual([64, 32, 16, 16, 16, 16, 16, 16]);
  });

  it('recovers from the first run, which compiles the kernels', () => {
    expect(sizes(1, { first: 20_000 })).toEqual([64, 32, 64, 128, 240, 240, 240, 240]);
  });

  it('keeps to the most that a device computes rightly', () => {
    expect(sizes(0.01, { most: 31 })).toEqual([31, 31, 31, 31, 31, 31, 31, 31]);
  });

  it('learns nothing from a rest that is shorter than a piece', () => {
    const pieces = new PieceSize(64, 512);
    pieces.record(3, 200);
    expect(pieces.tokens).toBe(64);
  });
});
