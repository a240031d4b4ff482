/** Where decoders stand. Oracle: written out by hand; the bound is what the plan promises. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameOrder, startOf } from './plan.ts';
import { isOnTheWay, nearest, positionBefore, seekPositions } from './seek-positions.ts';

/** Packets in the order in which they are shown, with key packets at the given positions. */
function stream(length: number, keys: readonly number[]) {
  const key = new Uint8Array(length);
  for (const at of [0, ...keys]) key[at] = 1;
  return frameOrder(
    Uint32Array.from({ length }, (_, i) => i),
    key,
  );
}

const minute = stream(1800, [250, 500, 750, 1000, 1250, 1500, 1750]);

describe('standing positions', () => {
  it('halve each group of pictures before any is cut in three', () => {
    expect(seekPositions(minute, 7, 75)).toEqual([125, 375, 625, 875, 1125, 1375, 1625]);
    expect(seekPositions(minute, 3, 75)).toEqual([125, 375, 625]);
    expect(seekPositions(minute, 8, 75).slice(0, 3)).toEqual([83, 167, 375]);
  });
  it('are none where key frames are close enough, or where there is no room', () => {
    expect(seekPositions(minute, 8, 250)).toEqual([]);
    expect(seekPositions(minute, 0, 10)).toEqual([]);
    expect(seekPositions(minute, -1, 10)).toEqual([]);
  });
  it('leave no way longer than the reach where there is room', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 399 }), { maxLength: 8 }),
        fc.integer({ min: 5, max: 100 }),
        (keys, reach) => {
          const order = stream(400, keys);
          const positions = seekPositions(order, 1000, reach);
          const stops = [...new Set([0, ...keys, ...positions, 400])].sort((a, b) => a - b);
          // A place is rounded to a packet.
          for (let i = 1; i < stops.length; i++)
            expect(stops[i]! - stops[i - 1]!).toBeLessThanOrEqual(reach + 1);
        },
      ),
    );
  });
});

describe('a place behind a frame', () => {
  it('lies before every frame that is shown later', () => {
    // Decode order I0 P4 B2 b1 b3 P8 B6 b5 b7: to stand at b1 would be to have passed P4.
    const pyramid = frameOrder(Uint32Array.of(0, 3, 2, 4, 1, 7, 6, 8, 5), Uint8Array.of(1));
    const positions = Array.from({ length: 9 }, (_, frame) => positionBefore(pyramid, frame));
    expect(positions).toEqual([0, 1, 1, 1, 1, 5, 5, 5, 5]);
  });
});

describe('the nearest decoder', () => {
  it('has not passed the packet, and is nearer than the key frame', () => {
    const at = (next: number) => ({ next });
    const [early, late, past, elsewhere] = [at(260), at(300), at(321), at(10)];
    expect(nearest(minute, [early, late, past, elsewhere], 320)).toBe(late);
    expect(nearest(minute, [early, late], 300)).toBe(late);
    expect(nearest(minute, [past, elsewhere], 320)).toBeUndefined();
    // It stands at the key frame itself: a new one is as near.
    expect(isOnTheWay(minute, 250, 320)).toBe(false);
  });
  it('counts from the group before for pictures that lead an open one', () => {
    // Decode order I0 P3 b1 b2 I6 b4 b5: frames 4 and 5 need the group of frame 0.
    const open = frameOrder(Uint32Array.of(0, 2, 3, 1, 5, 6, 4), Uint8Array.of(1, 0, 0, 0, 1, 0, 0));
    expect(startOf(open, 5)).toBe(0);
    expect(nearest(open, [{ next: 2 }], 5)).toEqual({ next: 2 });
    expect(nearest(open, [{ next: 2 }], 4)).toBeUndefined();
  });
});
