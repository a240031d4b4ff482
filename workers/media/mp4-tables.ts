/** Sample tables of a track and track runs of a fragment, read from their boxes (ISO/IEC 14496-12 §8.6–8.8). */
import { type BoxFaults, boxAt, boxesOf, viewOf } from './mp4-boxes.ts';
import type { SampleTables, TrackRun } from './mp4-samples.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** @returns null where the track has no tables, as in fragmented files */
export function readTables(stbl: Bytes, faults: BoxFaults): SampleTables | null {
  const sizes = readSizes(stbl, faults);
  const [stsc, offsets] = [boxAt(stbl, 'stsc'), readOffsets(stbl, faults)];
  if (!sizes || !stsc || !offsets) return null;
  const [stts, ctts, stss] = [boxAt(stbl, 'stts'), boxAt(stbl, 'ctts'), boxAt(stbl, 'stss')];
  return {
    sizes,
    chunkOffsets: offsets,
    chunkRuns: rows(faults, 'stsc', stsc, 12, (view, at) => ({
      first: view.getUint32(at),
      count: view.getUint32(at + 4),
    })),
    durations: rows(faults, 'stts', stts, 8, (view, at) => {
      const delta = view.getInt32(at + 4);
      // A step back in decode time cannot be: one tick, as ffmpeg takes it.
      return { count: view.getUint32(at), delta: delta < 0 ? 1 : delta };
    }),
    // Writers put negative shifts into version 0 too: read them as signed, as ffmpeg does.
    shifts: rows(faults, 'ctts', ctts, 8, (view, at) => ({
      count: view.getUint32(at),
      shift: view.getInt32(at + 4),
    })),
    sync: stss ? rows(faults, 'stss', stss, 4, (view, at) => view.getUint32(at)) : null,
  };
}

/** Entries of a table whose count stands behind version and flags. */
function rows<T>(
  faults: BoxFaults,
  type: string,
  content: Bytes | undefined,
  bytes: number,
  read: (view: DataView, at: number) => T,
): T[] {
  if (!content) return [];
  const view = viewOf(content);
  return Array.from({ length: faults.entries(type, content, 4, bytes) }, (_, i) => read(view, 8 + i * bytes));
}

/** `stsz`, or the compact `stz2` with fields of 4, 8 or 16 bits. */
function readSizes(stbl: Bytes, faults: BoxFaults): SampleTables['sizes'] | null {
  const stsz = boxAt(stbl, 'stsz');
  if (stsz) {
    const view = viewOf(stsz);
    const [size, count] = faults.tolerate(
      'stsz',
      () => [view.getUint32(4), view.getUint32(8)] as const,
      [0, 0],
    );
    if (size > 0) return { length: count, at: () => size };
    const table = new Uint32Array(faults.entries('stsz', stsz, 8, 4));
    for (let i = 0; i < table.length; i++) table[i] = view.getUint32(12 + i * 4);
    return table;
  }
  const stz2 = boxAt(stbl, 'stz2');
  if (!stz2) return null;
  const view = viewOf(stz2);
  const bits = stz2[7] ?? 0;
  if (bits !== 4 && bits !== 8 && bits !== 16) {
    faults.types.add('stz2');
    return new Uint16Array();
  }
  const table = new Uint16Array(faults.entries('stz2', stz2, 8, bits / 8));
  for (let i = 0; i < table.length; i++)
    table[i] =
      bits === 16
        ? view.getUint16(12 + i * 2)
        : bits === 8
          ? stz2[12 + i]!
          : (stz2[12 + (i >> 1)]! >> (i % 2 === 0 ? 4 : 0)) & 15;
  return table;
}

function readOffsets(stbl: Bytes, faults: BoxFaults): Float64Array | null {
  const [stco, co64] = [boxAt(stbl, 'stco'), boxAt(stbl, 'co64')];
  const content = stco ?? co64;
  if (!content) return null;
  const [type, bytes] = stco ? ['stco', 4] : ['co64', 8];
  const view = viewOf(content);
  const count = faults.entries(type as string, content, 4, bytes as number);
  return Float64Array.from({ length: count }, (_, i) =>
    stco ? view.getUint32(8 + i * 4) : Number(view.getBigUint64(8 + i * 8)),
  );
}

/** Defaults of `trex` for the samples of a track's fragments. */
export interface TrackDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** Track number and defaults of each `trex`. */
export function readDefaults(mvex: Bytes | undefined, faults: BoxFaults): Map<number, TrackDefaults> {
  const defaults = new Map<number, TrackDefaults>();
  for (const trex of mvex ? boxesOf(mvex, 'trex') : [])
    faults.tolerate(
      'trex',
      () => {
        const view = viewOf(trex);
        defaults.set(view.getUint32(4), {
          duration: view.getUint32(12),
          size: view.getUint32(16),
          flags: view.getUint32(20),
        });
      },
      undefined,
    );
  return defaults;
}

const TFHD = { base: 0x1, description: 0x2, duration: 0x8, size: 0x10, flags: 0x20, moofIsBase: 0x2_0000 };
const TRUN = { offset: 0x1, firstFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, shift: 0x800 };

interface TrackFragment {
  readonly track: number;
  /** Position that data offsets count from; null = the end of the data of the track fragment before. */
  readonly base: number | null;
  readonly moofIsBase: boolean;
  readonly defaults: TrackDefaults;
}

function readHeader(tfhd: Bytes, inherited: ReadonlyMap<number, TrackDefaults>): TrackFragment {
  const view = viewOf(tfhd);
  const flags = view.getUint32(0) & 0xff_ffff;
  const track = view.getUint32(4);
  const trex = inherited.get(track);
  let at = 8;
  const next = (flag: number, bytes: 4 | 8, otherwise: number): number => {
    if (!(flags & flag)) return otherwise;
    at += bytes;
    return bytes === 8 ? Number(view.getBigUint64(at - 8)) : view.getUint32(at - 4);
  };
  const base = next(TFHD.base, 8, -1);
  next(TFHD.description, 4, 0);
  const defaults = {
    duration: next(TFHD.duration, 4, trex?.duration ?? 0),
    size: next(TFHD.size, 4, trex?.size ?? 0),
    flags: next(TFHD.flags, 4, trex?.flags ?? 0),
  };
  return { track, base: base < 0 ? null : base, moofIsBase: (flags & TFHD.moofIsBase) !== 0, defaults };
}

/**
 * Runs of one track in a fragment. Data offsets count from the explicit base, else from the `moof` box; in a track
 * fragment after the first that has neither, from the end of the data of the one before (§8.8.7), so all tracks are
 * walked.
 */
export function readRuns(
  moof: Bytes,
  moofOffset: number,
  track: number,
  inherited: ReadonlyMap<number, TrackDefaults>,
  faults: BoxFaults,
): TrackRun[] {
  const wanted: TrackRun[] = [];
  let end = moofOffset;
  for (const traf of boxesOf(moof, 'traf')) {
    const tfhd = boxAt(traf, 'tfhd');
    const fragment = tfhd && faults.tolerate('tfhd', () => readHeader(tfhd, inherited), null);
    if (!fragment) continue;
    const base = fragment.base ?? (fragment.moofIsBase ? moofOffset : end);
    let from = base;
    let time = readDecodeTime(traf, faults);
    for (const trun of boxesOf(traf, 'trun')) {
      const run = faults.tolerate(
        'trun',
        () => readRun(trun, base, from, time, fragment.defaults, faults),
        null,
      );
      if (!run) continue;
      from = run.offset + run.bytes;
      time = null;
      if (fragment.track === track) wanted.push(run);
    }
    end = from;
  }
  return wanted;
}

function readDecodeTime(traf: Bytes, faults: BoxFaults): number | null {
  const tfdt = boxAt(traf, 'tfdt');
  if (!tfdt) return null;
  const view = viewOf(tfdt);
  return faults.tolerate(
    'tfdt',
    () => (tfdt[0] === 1 ? Number(view.getBigUint64(4)) : view.getUint32(4)),
    null,
  );
}

function readRun(
  trun: Bytes,
  base: number,
  follows: number,
  time: number | null,
  defaults: TrackDefaults,
  faults: BoxFaults,
): TrackRun {
  const view = viewOf(trun);
  const flags = view.getUint32(0) & 0xff_ffff;
  let at = 8;
  const offset = flags & TRUN.offset ? base + view.getInt32(at) : follows;
  if (flags & TRUN.offset) at += 4;
  const firstFlags = flags & TRUN.firstFlags ? view.getUint32(at) : null;
  if (firstFlags !== null) at += 4;
  const fields = [TRUN.duration, TRUN.size, TRUN.flags, TRUN.shift].filter((flag) => flags & flag);
  const bytes = fields.length * 4;
  let count = view.getUint32(4);
  if (bytes > 0 && count > Math.floor((trun.length - at) / bytes)) {
    faults.types.add('trun');
    count = Math.floor((trun.length - at) / bytes);
  }
  const field = (flag: number, otherwise: number) => {
    const position = fields.indexOf(flag);
    return position < 0 ? () => otherwise : (i: number) => view.getUint32(at + i * bytes + position * 4);
  };
  const size = field(TRUN.size, defaults.size);
  const sampleFlags = field(TRUN.flags, defaults.flags);
  const shift = field(TRUN.shift, 0);
  let data = flags & TRUN.size ? 0 : count * defaults.size;
  if (flags & TRUN.size) for (let i = 0; i < count; i++) data += size(i);
  return {
    count,
    offset,
    time,
    bytes: data,
    size,
    duration: field(TRUN.duration, defaults.duration),
    shift: (i) => shift(i) | 0,
    flags: (i) => (i === 0 && firstFlags !== null && !(flags & TRUN.flags) ? firstFlags : sampleFlags(i)),
  };
}
