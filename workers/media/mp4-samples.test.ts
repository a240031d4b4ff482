import { describe, expect, it } from 'vitest';
import { PacketColumns, type SampleTables, type TrackRun } from './mp4-samples.ts';
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
    offset: null,
    time: null,
    size: () => 5,
    duration: () => 7,
    shift: none,
    flags: none,
    ...fields,
  };
}

function columns(...parts: (SampleTables | TrackRun)[]): PacketColumns {
  const made = new PacketColumns();
  for (const part of parts) 'sizes' in part ? made.addTables(part) : made.addRun(part);
  return made;
}

describe('PacketColumns', () => {
  it('lays samples into chunks; times past the tables go on with the last entry', () => {
    const { packets, missing } = columns(tables).table(1000, 1e9);
    expect([...packets.offset]).toEqual([1000, 2000, 2020, 3000, 3040]);
    expect([...packets.pts]).toEqual([200, 50, 150, 250, 350]);
    expect([...packets.key]).toEqual([1, 0, 1, 0, 0]);
    expect([packets.timescale, missing]).toEqual([1000, 0]);
  });

  it('marks every sample as key where there is no list of sync samples', () => {
    expect([...columns({ ...tables, sync: null }).table(1, 1e9).packets.key]).toEqual([1, 1, 1, 1, 1]);
  });

  it('counts what lies behind the end of the file as missing; a packet cut in two is there', () => {
    const { packets, missing } = columns(tables).table(1, 3001);
    expect([packets.size.length, missing]).toEqual([4, 1]);
    expect(columns(tables).table(1, 3000)).toMatchObject({ missing: 2 });
  });

  it('leaves out samples that no chunk holds', () => {
    expect(columns({ ...tables, chunkOffsets: [1000] }).length).toBe(1);
  });

  it('goes on with runs where they state neither place nor time', () => {
    const key = (i: number) => (i === 0 ? 0 : 0x10000);
    const { packets } = columns(tables, run({ flags: key }), run({ offset: 9000, time: 5000 })).table(1, 1e9);
    expect([...packets.offset].slice(5)).toEqual([3090, 3095, 9000, 9005]);
    expect([...packets.pts].slice(5)).toEqual([500, 507, 5000, 5007]);
    expect([...packets.key].slice(5)).toEqual([1, 0, 1, 1]);
  });

  it('refuses a run that cannot be, before it takes the memory', () => {
    expect(() => columns(run({ count: MAX_PACKETS + 1 }))).toThrow(RangeError);
  });
});
