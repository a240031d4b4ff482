import { describe, expect, it } from 'vitest';
import { frameAt } from '../../../core/sampling/frame-sampling.ts';
import {
  axisPosition,
  bracketOf,
  cellsOf,
  frameUnder,
  neighbourSampled,
  secondTicks,
  tickStep,
} from './filmstrip-geometry.ts';
import { middleOf } from './player.ts';

/** Ten frames: 0.1 s each for half of the frames, then 0.5 s each. */
const variable = Float64Array.from([0, 0.1, 0.2, 0.3, 0.4, 0.5, 1, 1.5, 2, 2.5]);
const even = Float64Array.from({ length: 250 }, (_, i) => i / 25);

describe('the axis', () => {
  it('gives every frame the same width, whatever its time', () => {
    expect([0, 5, 9].map((i) => axisPosition(i, 10))).toEqual([0.05, 0.55, 0.95]);
    expect([0, 0.0999, 0.1, 0.999, 1].map((x) => frameUnder(x, 10))).toEqual([0, 0, 1, 9, 9]);
  });
  it('puts a frame of the official rule into its own cell', () => {
    const sampled = [10, 31, 52, 73, 93, 114, 135, 156, 176, 197, 218, 239];
    for (const { from, to, marker } of cellsOf(sampled, 250)) {
      expect(marker).toBeGreaterThan(from);
      expect(marker).toBeLessThan(to);
    }
  });
  it('gives cells of one width, markers at the middle of their frames', () => {
    expect(cellsOf([5, 70], 80)).toEqual([
      { index: 5, from: 0, to: 0.5, marker: 5.5 / 80, repeats: false },
      { index: 70, from: 0.5, to: 1, marker: 70.5 / 80, repeats: false },
    ]);
  });
  it('names cells that repeat their neighbour', () => {
    expect(cellsOf([0, 0, 1, 1, 2, 2], 3).map((cell) => cell.repeats)).toEqual([
      false,
      true,
      false,
      true,
      false,
      true,
    ]);
  });
});

describe('ticks of seconds', () => {
  it('are even for an even frame rate', () => {
    const ticks = secondTicks(even, 10);
    expect(ticks).toHaveLength(9);
    for (const [k, at] of ticks.entries()) expect(at).toBeCloseTo((k + 1) / 10, 12);
  });
  it('fall where they fall for a variable one', () => {
    // 1 s is the start of frame 6, 2 s of frame 8; 0.5 s of film take half of the strip.
    expect(secondTicks(variable, 3)).toEqual([0.6, 0.8]);
  });
  it('are never too many', () => {
    expect([10, 61, 600, 11_520].map((d) => tickStep(d))).toEqual([1, 2, 10, 300]);
    expect(
      secondTicks(
        Float64Array.from({ length: 3600 }, (_, i) => i),
        3600,
      ).length,
    ).toBeLessThanOrEqual(60);
  });
  it('are none in a clip of one frame', () => {
    expect(secondTicks(Float64Array.of(0), 0.04)).toEqual([]);
  });
});

describe('highlights', () => {
  it('are one bracket from the first to the last', () => {
    expect(bracketOf([6, 7, 11], 12)).toEqual({ from: 0.5, to: 1 });
    expect(bracketOf([], 12)).toBeNull();
    expect(bracketOf([12], 12)).toBeNull();
  });
  it('steps between sampled frames stop at the ends', () => {
    expect(neighbourSampled([10, 31, 52], 31, 1)).toBe(52);
    expect(neighbourSampled([10, 31, 52], 30, -1)).toBe(10);
    expect(neighbourSampled([10, 31, 52], 52, 1)).toBe(52);
    expect(neighbourSampled([10, 31, 52], 10, -1)).toBe(10);
  });
});

describe('the clock of the player', () => {
  it('knows the frame on screen at any time', () => {
    expect([-1, 0, 0.0999, 0.1, 0.75, 2.49, 99].map((t) => frameAt(variable, t))).toEqual([
      0, 0, 0, 1, 5, 8, 9,
    ]);
  });
  it('seeks into the middle of a frame, so that it lands on it', () => {
    for (const times of [even, variable]) {
      for (let i = 0; i < times.length; i++) {
        const t = middleOf(times, i, times[times.length - 1]! + 0.04);
        expect(frameAt(times, t)).toBe(i);
        expect(frameAt(times, t - 0.001)).toBe(i);
        expect(frameAt(times, t + 0.001)).toBe(i);
      }
    }
  });
});
