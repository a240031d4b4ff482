import { describe, expect, it } from 'vitest';
import { presentationOrder } from './packet-index.ts';
import { type FrameOrder, frameOrder, packetsOf, planRanges, startOf } from './plan.ts';

/** A stream written as its packets in decode order: key packets with `*`, presentation times as numbers. */
function stream(text: string): FrameOrder {
  const packets = text.trim().split(/\s+/);
  const pts = Float64Array.from(packets, (p) => Number(p.replace('*', '')));
  return frameOrder(
    presentationOrder(pts),
    Uint8Array.from(packets, (p) => (p.includes('*') ? 1 : 0)),
  );
}

/** `0-3:1,2` = packets 0, 1, 2 for frames 1 and 2. */
function written(order: FrameOrder, wanted: number[]): string {
  return planRanges(order, wanted)
    .map((run) => `${run.start}-${run.end}:${run.frames}`)
    .join(' ');
}

const streams = {
  /** I P P P | I P P P */
  plain: '*0 1 2 3 *4 5 6 7',
  /** I P B B P B B, closed: nothing before the second key refers to it. */
  closed: '*0 3 1 2 *4 7 5 6',
  /** Pyramid of four: I P, B as reference, then the two that rest on it. */
  pyramid: '*0 4 2 1 3 8 6 5 7',
  /** The second key is followed by two pictures that are shown before it. */
  open: '*0 3 1 2 *6 4 5 9 7 8',
  /** Open GOPs one after another. */
  openTwice: '*0 *3 1 2 *6 4 5',
  intra: '*0 *1 *2 *3',
  /** Uneven times, gaps and a repeat. */
  variable: '*0 40 41 1000 *1000 1007',
  /** No packet is marked. */
  unmarked: '0 1 2 3',
} as const;

describe('planRuns', () => {
  it.each<[keyof typeof streams, number[], string]>([
    ['plain', [0], '0-1:0'],
    ['plain', [2], '0-3:2'],
    ['plain', [5, 1], '0-2:1 4-6:5'],
    ['plain', [3, 4], '0-4:3 4-5:4'],
    ['plain', [7, 7, 7], '4-8:7'],
    ['closed', [1], '0-3:1'],
    ['closed', [3], '0-2:3'],
    ['closed', [3, 2], '0-4:2,3'],
    ['closed', [7], '4-6:7'],
    ['pyramid', [1], '0-4:1'],
    ['pyramid', [3], '0-5:3'],
    ['pyramid', [8], '0-6:8'],
    ['pyramid', [4, 2, 0], '0-3:0,2,4'],
    ['open', [4], '0-6:4'],
    ['open', [5], '0-7:5'],
    ['open', [6], '4-5:6'],
    ['open', [9], '4-8:9'],
    ['open', [1, 4], '0-6:1,4'],
    ['open', [4, 9], '0-8:4,9'],
    ['openTwice', [1], '0-3:1'],
    ['openTwice', [4], '1-6:4'],
    ['openTwice', [1, 4], '0-6:1,4'],
    ['openTwice', [0, 1, 2, 3, 4, 5, 6], '0-7:0,1,2,3,4,5,6'],
    ['open', [0, 3, 4, 6, 9], '0-8:0,3,4,6,9'],
    ['intra', [3, 1], '1-2:1 3-4:3'],
    ['variable', [2, 4], '0-3:2 4-5:4'],
    ['variable', [3, 5], '0-4:3 4-6:5'],
    ['unmarked', [3], '0-4:3'],
    ['plain', [], ''],
  ])('%s, frames %j', (name, wanted, expected) => {
    expect(written(stream(streams[name]), wanted)).toBe(expected);
  });

  it('counts the packets of 12 frames out of 1,800 with a key every 250', () => {
    const order = stream(
      Array.from({ length: 1800 }, (_, i) => (i % 250 === 0 ? `*${i}` : `${i}`)).join(' '),
    );
    const wanted = Array.from({ length: 12 }, (_, k) => 75 + 150 * k);
    expect(packetsOf(planRanges(order, wanted))).toBe(226 + 126 + 176 + 226 + 126 + 176 + 226);
  });

  it('never asks for a packet twice, nor for one behind the last wanted frame', () => {
    for (const text of Object.values(streams)) {
      const order = stream(text);
      const frames = [...order.at.keys()];
      expect(packetsOf(planRanges(order, frames))).toBe(frames.length);
      for (const a of frames)
        for (const b of frames) {
          const runs = planRanges(order, [a, b]);
          runs.reduce((end, run) => {
            expect(run.start).toBeGreaterThanOrEqual(end);
            expect(run.end).toBe(Math.max(...run.frames.map((f) => order.at[f]!)) + 1);
            return run.end;
          }, 0);
          for (const frame of [a, b]) {
            const run = runs.find((r) => r.frames.includes(frame))!;
            expect(run.start).toBeLessThanOrEqual(startOf(order, order.at[frame]!));
          }
        }
    }
  });
});

describe('presentationOrder', () => {
  it('sorts by time, equal times in decode order', () => {
    expect([...presentationOrder(Float64Array.of(0, 3, 1, 2, 2))]).toEqual([0, 2, 3, 4, 1]);
  });
});
