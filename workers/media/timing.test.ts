import { describe, expect, it } from 'vitest';
import { timingOf } from './timing.ts';

const none = { lastDuration: 0, duration: 0 };
const even = (frames: number, gap: number) => Float64Array.from({ length: frames }, (_, i) => i * gap);
const jump = (frame: number, seconds: number) => ({ code: 'clock-jump', params: { frame, seconds } });

describe('timingOf', () => {
  it('gives a clip of constant rate its rate and its length', () => {
    const { duration, fps, notices } = timingOf(even(50, 0.04), { ...none, lastDuration: 0.04 });
    expect([duration, fps, notices]).toEqual([expect.closeTo(2), expect.closeTo(25), []]);
  });

  it('takes the length of the last frame from the container, and the usual gap where it states none', () => {
    const uneven = Float64Array.of(0, 0.1, 0.2, 0.3, 5);
    expect(timingOf(uneven, { ...none, lastDuration: 3 }).duration).toBe(8);
    expect(timingOf(uneven, none).duration).toBeCloseTo(5.1);
  });

  it('ends with the track where packets are reordered and their durations are those of decoding', () => {
    const uneven = Float64Array.of(0, 0.12, 0.24, 0.36, 0.4);
    const length = (duration: number, reordered: boolean) =>
      timingOf(uneven, { lastDuration: 0.12, duration, reordered }).duration;
    expect(length(0.44, true)).toBeCloseTo(0.44);
    expect([length(0.44, false), length(0.3, true), length(9, true)]).toEqual(Array(3).fill(0.52));
  });

  it('counts four frames in a minute as that', () => {
    const { duration, fps, notices } = timingOf(Float64Array.of(0, 1, 2, 59), none);
    expect([duration, fps * 60, notices]).toEqual([60, 4, []]);
  });

  it('does not let a last frame of one tick raise the rate', () => {
    expect(timingOf(even(25, 0.04), { ...none, lastDuration: 1 / 12800 }).fps).toBeCloseTo(25);
  });

  it('says that the clock jumps, and leaves the jump out of the rate', () => {
    const times = Float64Array.from({ length: 26 }, (_, i) => (i === 0 ? 0 : 47_700 + (i - 1) * 0.04));
    const { duration, fps, notices } = timingOf(times, none);
    expect(notices).toEqual([jump(1, 47_700)]);
    expect(duration).toBeCloseTo(47_701);
    expect(fps).toBeGreaterThan(24);
    expect(fps).toBeLessThan(27);
  });

  it('says so of a last frame that lasts for hours', () => {
    expect(timingOf(even(25, 0.04), { ...none, lastDuration: 7200 }).notices).toEqual([
      jump(25, expect.closeTo(7200) as number),
    ]);
  });

  it('takes an hour between two frames of a slow recording as it is', () => {
    expect(timingOf(Float64Array.of(0, 60, 3660, 3720), none).notices).toEqual([]);
  });

  it('spreads frames of one time over the stated length', () => {
    const { times, duration, fps, notices } = timingOf(new Float64Array(4), { ...none, duration: 2 });
    expect([...times]).toEqual([0, 0.5, 1, 1.5]);
    expect([duration, fps]).toEqual([2, 2]);
    expect(notices).toEqual([{ code: 'times-unknown', params: { seconds: 2 } }]);
  });

  it('knows no rate where nothing is stated', () => {
    const { times, fps, notices } = timingOf(new Float64Array(50), none);
    expect([times[49], fps]).toEqual([expect.closeTo(49 / 25), 0]);
    expect(notices).toEqual([{ code: 'times-unknown', params: { seconds: 0 } }]);
  });

  it('calls one frame a picture without a rate', () => {
    const { fps, notices } = timingOf(new Float64Array(1), { ...none, lastDuration: 0.04 });
    expect([fps, notices]).toEqual([0, [{ code: 'single-frame', params: {} }]]);
  });
});
