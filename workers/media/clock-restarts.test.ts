import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Packet, recording } from '../../e2e/media/stream-arbitrary.ts';
import { joinClocks } from './clock-restarts.ts';
import { presentationOrder } from './packet-index.ts';
import { Video } from './video.ts';

const TIMESCALE = 1000;
const FRAME = 40;

/** The clock of recordings one after another, each with its own first time in milliseconds. */
function glued(parts: readonly (readonly Packet[])[], starts: readonly number[], reorders = true) {
  const packets = parts.flatMap((part, i) =>
    part.map(({ shown, key }) => ({ pts: starts[i]! + shown * FRAME, key })),
  );
  return {
    pts: Float64Array.from(packets, ({ pts }) => pts),
    key: Uint8Array.from(packets, ({ key }) => (key ? 1 : 0)),
    timescale: TIMESCALE,
    reorders,
    jumps: true,
  };
}

/** Frames of the parts one after another, as places in decode order. */
function inFileOrder(parts: readonly (readonly Packet[])[]): number[] {
  let first = 0;
  return parts.flatMap((part) => {
    const order = part.map((_, d) => d).sort((a, b) => part[a]!.shown - part[b]!.shown);
    first += part.length;
    return order.map((d) => first - part.length + d);
  });
}

const plain = (length: number): Packet[] =>
  Array.from({ length }, (_, shown) => ({ shown, key: shown % 12 === 0 }));

describe('joinClocks', () => {
  it('leaves one recording as it is, whatever its GOPs', () => {
    fc.assert(
      fc.property(recording, fc.integer({ min: -1e6, max: 1e6 }), (part, start) => {
        const clock = glued([part], [start]);
        expect(joinClocks(clock)).toEqual({ pts: clock.pts, restarts: [] });
      }),
    );
  });

  it('keeps recordings apart whose clocks start at the same time or earlier', () => {
    const parts = fc.array(recording, { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(parts, fc.integer({ min: 0, max: 1e6 }), (drawn, back) => {
        const long = drawn.map((part) => [
          ...part,
          ...plain(24).map((p) => ({ ...p, shown: p.shown + part.length })),
        ]);
        const { pts, restarts } = joinClocks(
          glued(
            long,
            long.map((_, i) => -i * back),
          ),
        );
        expect([...presentationOrder(pts)]).toEqual(inFileOrder(long));
        expect(restarts).toHaveLength(long.length - 1);
        const sorted = [...pts].sort((a, b) => a - b);
        for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBe(FRAME);
      }),
    );
  });

  it('keeps overlapping fragments in the order of the file', () => {
    const clock = glued([plain(24), plain(24)], [0, 20 * FRAME]);
    const { pts, restarts } = joinClocks(clock);
    expect(restarts).toEqual([24]);
    expect([...presentationOrder(pts)]).toEqual([...Array(48).keys()]);
  });

  it('takes a gap of hours for a jump of the clock', () => {
    const { pts, restarts } = joinClocks(glued([plain(24), plain(24)], [0, 26 * 3.6e6]));
    expect(restarts).toEqual([24]);
    expect(pts.at(-1)).toBe(47 * FRAME);
  });

  it('leaves a film with one picture an hour alone', () => {
    const clock = { ...glued([plain(24)], [0]), timescale: FRAME / 3601 };
    expect(joinClocks(clock).restarts).toEqual([]);
  });

  it('holds times that jitter in a codec that does not reorder', () => {
    const clock = { ...glued([plain(4)], [0], false), pts: Float64Array.of(0, 40, 38, 80) };
    expect(joinClocks(clock)).toEqual({ pts: Float64Array.of(0, 40, 40, 80), restarts: [] });
  });

  it('trusts no key mark where every packet has one', () => {
    const clock = {
      ...glued([plain(4)], [0]),
      pts: Float64Array.of(0, 120, 40, 80),
      key: Uint8Array.of(1, 1, 1, 1),
    };
    expect(joinClocks(clock).restarts).toEqual([]);
  });
});

const folder = resolve(process.env.VQA_SHARED ?? '../shared', 'inputs');

describe.skipIf(!existsSync(folder))('files of two recordings', () => {
  it.each([
    ['ts-two-recordings.ts', 50, 25, 2],
    ['webm-glued.webm', 50, 25, 2],
    ['ts-second-recording-starts-earlier.ts', 100, 50, 4],
  ])('%s', async (name, frames, restart, seconds) => {
    const { facts, index, order } = await Video.open(new File([readFileSync(resolve(folder, name))], name));
    const notice = { code: 'clock-restart', params: { frame: restart + 1, recordings: 2 } };
    expect(facts).toMatchObject({ frames, notices: [notice], fps: 25 });
    expect(facts.duration).toBeCloseTo(seconds, 5);
    expect([...order.at.subarray(0, restart)].sort((a, b) => a - b)).toEqual([...Array(restart).keys()]);
    for (const d of [restart + 1, 3, frames - 1, 0])
      expect(await index.read(d)).toHaveLength(index.packets.size[d]!);
  });
});
