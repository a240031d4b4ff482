import { describe, expect, it } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import {
  PacketColumns,
  refuseImpossible,
  type SampleTables,
  type TrackRun,
  untimedOrder,
} from './mp4-samples.ts';
import { MAX_PACKETS } from './packet-index.ts';

const tables: SampleTables = {
  sizes: [10, 20, 30, 40, 50],
  chunkOffsets: [1000, 2000, 3000],
  chunkRuns: [
    { first: 1, count: 1 },
    { first: 2, count: 2 },
  ],
  durations: [{ count: 3, delta: 100 }],
  shifts: [
    { count: 1, shift: 200 },
    { count: 2, shift: -50 },
  ],
  sync: [3],
};

function run(fields: Partial<TrackRun> = {}): TrackRun {
  const none = () => 0;
  return {
    count: 2,
    offset: 3090,
    bytes: 10,
    time: null,
    size: () => 5,
    duration: () => 7,
    shift: none,
    flags: none,
    ...fields,
  };
}

function columns(fileSize: number, ...parts: (SampleTables | TrackRun)[]): PacketColumns {
  const made = new PacketColumns(fileSize);
  for (const part of parts) 'sizes' in part ? made.addTables(part) : made.addRun(part);
  return made;
}

describe('PacketColumns', () => {
  it('lays samples into chunks; times past the tables go on with the last entry', () => {
    const made = columns(1e9, tables);
    const packets = made.table(1000);
    expect([...packets.offset]).toEqual([1000, 2000, 2020, 3000, 3040]);
    expect([...packets.pts]).toEqual([200, 50, 150, 250, 350]);
    expect([...packets.key]).toEqual([1, 0, 1, 0, 0]);
    expect([packets.timescale, made.missing, made.bytes]).toEqual([1000, 0, 150]);
  });

  it('marks every sample as key where there is no list of sync samples', () => {
    expect([...columns(1e9, { ...tables, sync: null }).table(1).key]).toEqual([1, 1, 1, 1, 1]);
  });

  it('counts what lies behind the end of the file as missing; a packet cut in two is there', () => {
    expect(columns(3001, tables)).toMatchObject({ length: 4, missing: 1, duration: 500 });
    expect(columns(3000, tables)).toMatchObject({ length: 3, missing: 2, duration: 500 });
  });

  it('leaves out samples that no chunk holds', () => {
    expect(columns(1e9, { ...tables, chunkOffsets: [1000] }).length).toBe(1);
  });

  it('goes on with runs where they state no time', () => {
    const key = (i: number) => (i === 0 ? 0 : 0x10000);
    const packets = columns(1e9, tables, run({ flags: key }), run({ offset: 9000, time: 5000 })).table(1);
    expect([...packets.offset].slice(5)).toEqual([3090, 3095, 9000, 9005]);
    expect([...packets.pts].slice(5)).toEqual([500, 507, 5000, 5007]);
    expect([...packets.key].slice(5)).toEqual([1, 0, 1, 1]);
  });

  it('takes from the decode times how long the last frame is shown', () => {
    const last = {
      ...tables,
      shifts: [],
      durations: [
        { count: 4, delta: 100 },
        { count: 1, delta: 700 },
      ],
    };
    expect(columns(1e9, last).lastDuration).toBe(700);
    expect(columns(1e9, { ...last, shifts: [{ count: 5, shift: 300 }] }).lastDuration).toBe(700);
  });

  it('expands no more than the file holds of a table that counts to millions', () => {
    const sizes = { length: 900_000, at: () => 1 };
    const durations = [
      { count: 10, delta: 3 },
      { count: 0xffff_ffff, delta: 2 },
    ];
    const made = columns(1030, {
      ...tables,
      sizes,
      chunkRuns: [{ first: 1, count: 0xffff_ffff }],
      durations,
    });
    expect(made).toMatchObject({ length: 30, missing: 899_970, duration: 10 * 3 + 899_990 * 2 });
  });

  it('refuses an index that its file cannot hold', () => {
    expect(() => refuseImpossible(16_000_000, 20_951)).toThrow(
      expect.objectContaining({ code: 'media/index', params: { frames: 16_000_000, bytes: 20_951 } }),
    );
    expect(() => refuseImpossible(MAX_PACKETS + 1, 1e12)).toThrow(CodedError);
    expect(() => refuseImpossible(1_000_000, 20_951)).not.toThrow();
    expect(() => refuseImpossible(16_000_000, 1e9)).not.toThrow();
    const many = run({ count: 2_000_000, offset: 0, size: () => 1 });
    expect(() => columns(1_500_000, many)).toThrow(CodedError);
  });
});

describe('packets without durations', () => {
  it('are told from those with times', () => {
    const still = (...deltas: number[]) => ({
      ...tables,
      durations: deltas.map((delta) => ({ count: 1, delta })),
    });
    expect(columns(1e9, still(0)).untimed).toBe(true);
    expect(columns(1e9, still(9e6, 0)).untimed).toBe(true);
    expect(columns(1e9, still(100, 100, 100, 0)).untimed).toBe(false);
    expect(columns(1e9, { ...still(0), sizes: [10] }).untimed).toBe(false);
    // Live streams state the time of each fragment instead.
    const live = [0, 3, 6, 9].map((time) => run({ count: 1, time, duration: () => 0 }));
    expect(columns(1e9, ...live).untimed).toBe(false);
  });

  it('are ordered by their shifts where one frame duration explains them all', () => {
    // I P B B P B, in units of 512.
    expect([...untimedOrder([1024, 2048, 512, 512, 1536, 512])]).toEqual([0, 3, 1, 2, 5, 4]);
    const shown = [0, 4, 2, 1, 3, 5];
    expect([...untimedOrder(shown.map((frame, i) => 512 * (frame - i + 2)))]).toEqual(shown);
  });

  it('keep the stored order where the shifts say nothing', () => {
    expect([...untimedOrder([7, 7, 7])]).toEqual([0, 1, 2]);
    expect([...untimedOrder([0, 1000, 3, 17])]).toEqual([0, 1, 2, 3]);
  });
});
