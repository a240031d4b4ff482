/** Oracle: the laws of a partition and of a permutation, and small cases worked out by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextSegment, type SegmentScore, segmentsOf, worstSegments } from './timeline-segments.ts';

const steady = (frames: number, fps: number) => Array.from({ length: frames }, (_, i) => i / fps);

/** Lets the planner choose until nothing is left. */
function visit(scores: readonly (number | null)[]): number[] {
  const assessed: SegmentScore[] = scores.map(() => undefined);
  const order: number[] = [];
  for (let at = nextSegment(assessed); at !== null; at = nextSegment(assessed)) {
    order.push(at);
    assessed[at] = scores[at]!;
    if (order.length > scores.length) break;
  }
  return order;
}

describe('segments', () => {
  test('cover every frame once, in order, whatever the times', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 5, max: 60 }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (gaps, seconds, tail) => {
          let time = 0;
          const times = gaps.map((gap, i) => (time += i === 0 ? 0 : gap));
          const duration = time + tail;
          const segments = segmentsOf(times, duration, seconds);
          let [frame, at] = [0, 0];
          for (const segment of segments) {
            expect(segment.from).toBe(frame);
            expect(segment.frames).toBeGreaterThan(0);
            expect(segment.start).toBe(at);
            expect(segment.end).toBeGreaterThanOrEqual(segment.start);
            for (let i = segment.from; i < segment.from + segment.frames; i++) {
              expect(times[i]).toBeGreaterThanOrEqual(segment.start);
              expect(times[i]).toBeLessThanOrEqual(segment.end);
            }
            frame += segment.frames;
            at = segment.end;
          }
          expect(frame).toBe(times.length);
          expect(at).toBe(duration);
        },
      ),
    );
  });
  test('a short rest joins the last one, a long one stands alone', () => {
    const ends = (duration: number) =>
      segmentsOf(steady(duration * 25, 25), duration, 10).map(({ end }) => end);
    expect(ends(64)).toEqual([10, 20, 30, 40, 50, 64]);
    expect(ends(66)).toEqual([10, 20, 30, 40, 50, 60, 66]);
    expect(ends(4)).toEqual([4]);
  });
  test('a stretch without a new frame belongs to the segment before it', () => {
    expect(segmentsOf([0, 1, 31, 32], 40, 10)).toEqual([
      { from: 0, frames: 2, start: 0, end: 30 },
      { from: 2, frames: 2, start: 30, end: 40 },
    ]);
    expect(segmentsOf([], 0, 10)).toEqual([]);
  });
});

describe('order of interest', () => {
  test('visits every segment exactly once', () => {
    const score = fc.option(fc.double({ min: 1, max: 5, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(fc.array(score, { maxLength: 90 }), (scores) => {
        const order = visit(scores);
        expect([...order].sort((a, b) => a - b)).toEqual(scores.map((_, i) => i));
      }),
    );
  });
  test('ends and middle first, then the gap whose neighbours differ most', () => {
    const scores = [4, 4, 4, 4, 4, 4, 4, 2, 2];
    // 0 and 8, 4; the fall lies between 4 and 8: 6, then 7; only then the even half.
    expect(visit(scores)).toEqual([0, 8, 4, 6, 7, 2, 1, 3, 5]);
  });
  test('a segment without a score lends its place to the nearest one that has a score', () => {
    // Between 4.0 at the left and 1.0 at the right lies a failure: both of its gaps differ.
    const assessed: SegmentScore[] = [4, undefined, null, undefined, 1, undefined, 1];
    expect(nextSegment(assessed)).toBe(1);
    expect(nextSegment([null, undefined, undefined, null])).toBe(1);
  });
  test('the worst are the lowest, and what has no score is never among them', () => {
    expect(worstSegments([3, null, 2.5, undefined, 2.5, 1])).toEqual([5, 2, 4]);
    expect(worstSegments([null, undefined])).toEqual([]);
  });
});
