import { describe, expect, it } from 'vitest';
import { ClockBreaks, restartsOf } from './mpegts-times.ts';

/** One access unit a PES packet, each in a transport packet of its own; times in frames. */
function stream(frames: readonly { pts: number; dts?: number; key?: boolean }[]) {
  const units = frames.map(({ key = false }, d) => ({
    key,
    position: { start: d * 10, at: d * 188, tail: 10 },
  }));
  const ticks = (time: number) => (90_000 + time * 3600) % 2 ** 33;
  const stamps = frames.map(({ pts, dts }, d) => ({
    start: d * 10,
    pts: ticks(pts),
    dts: dts === undefined ? null : ticks(dts),
  }));
  return { units, stamps };
}

const restarts = (frames: Parameters<typeof stream>[0], breaks: readonly number[] = []) => {
  const { units, stamps } = stream(frames);
  return restartsOf(units, stamps, breaks);
};

describe('restarts of a transport stream', () => {
  const intra = [0, 1, 2, 0, 1, 2];

  it('are at key pictures that are shown no later than the one before', () => {
    expect(restarts(intra.map((pts) => ({ pts, key: true })))).toEqual([3]);
    expect(restarts([0, 0].map((pts) => ({ pts, key: true })))).toEqual([1]);
  });

  it('are at pictures without a key mark where the transport stream breaks off too', () => {
    expect(restarts(intra.map((pts) => ({ pts })))).toEqual([]);
    expect(
      restarts(
        intra.map((pts) => ({ pts })),
        [3 * 188],
      ),
    ).toEqual([3]);
  });

  it('are where times of decoding step back', () => {
    const decoded = [
      { pts: 2, dts: 0, key: true },
      { pts: 4, dts: 1 },
      { pts: 3, dts: 2 },
    ];
    expect(restarts([...decoded, ...decoded])).toEqual([3]);
    // Lost packets alone are no restart.
    expect(restarts(decoded, [188, 376])).toEqual([]);
  });

  it('are not where the clock wraps', () => {
    const wrap = 2 ** 33 / 3600;
    expect(restarts([wrap - 26, wrap - 25, wrap - 24].map((pts) => ({ pts, key: true })))).toEqual([]);
  });
});

describe('breaks of a transport stream', () => {
  const packet = { starts: false, scrambled: false, clock: null, payload: new Uint8Array(1) };
  const seen = (...packets: { pid: number; counter: number; clock?: number }[]) => {
    const breaks = new ClockBreaks();
    for (const [at, one] of packets.entries()) breaks.add(at, { ...packet, ...one });
    return breaks.at;
  };

  it('are where the count of an id goes on wrongly; repeated packets are none', () => {
    expect(seen({ pid: 1, counter: 15 }, { pid: 1, counter: 0 }, { pid: 1, counter: 0 })).toEqual([]);
    expect(seen({ pid: 1, counter: 4 }, { pid: 2, counter: 9 }, { pid: 1, counter: 0 })).toEqual([2]);
  });

  it('are where the clock of a programme steps back', () => {
    const clocks = [5, 6, 2 ** 33 - 1, 0].map((clock, i) => ({ pid: 1, counter: i, clock }));
    expect(seen(...clocks.slice(0, 2))).toEqual([]);
    expect(seen(...clocks.slice(2))).toEqual([]);
    expect(seen(clocks[1]!, { ...clocks[0]!, counter: 2 })).toEqual([1]);
  });
});
