/**
 * The boxes of an MP4 or MOV file that make up its index. Only `moov` and `moof` boxes are read; media data is stepped
 * over, so a 4 GB file costs as much as its index. mp4box parses the boxes.
 */
import { createFile, type ISOFile, Log, MP4BoxBuffer } from 'mp4box';
import { CodedError } from '../../core/errors.ts';
import { type NamedBlob, readRange } from './bytes.ts';
import { MAX_PACKETS } from './packet-index.ts';

// mp4box prints every unknown metadata box as an error; what matters is told by its return values.
Log.error = () => {};
Log.warn = () => {};

/** Larger indices than this are damaged or hostile: about 1,000 hours of video. */
const MAX_INDEX_BYTES = 256 << 20;
/** Bytes read at once while stepping from box to box. */
const WINDOW = 64 << 10;

export interface Mp4File {
  readonly moov: ISOFile['moov'];
  /** Bytes of the `moov` box; positions of its boxes (`start`) count from here. */
  readonly moovBytes: Uint8Array<ArrayBuffer>;
  readonly fragments: readonly { readonly moof: ISOFile['moofs'][number]; readonly offset: number }[];
  /** The last box is longer than what is left of the file. */
  readonly endsEarly: boolean;
}

interface BoxRange {
  readonly type: string;
  readonly offset: number;
  readonly size: number;
}

/** Top-level boxes, in file order. `size` may reach past the end of the file. */
async function* topLevelBoxes(file: NamedBlob): AsyncGenerator<BoxRange> {
  let window = new Uint8Array(0);
  let windowAt = 0;
  for (let offset = 0; offset + 8 <= file.size; ) {
    if (offset < windowAt || offset + 16 > windowAt + window.length) {
      window = await readRange(file, offset, offset + WINDOW);
      windowAt = offset;
    }
    const view = new DataView(window.buffer, offset - windowAt);
    const type = String.fromCharCode(view.getUint8(4), view.getUint8(5), view.getUint8(6), view.getUint8(7));
    let size = view.getUint32(0);
    if (size === 0) size = file.size - offset;
    else if (size === 1 && view.byteLength >= 16) size = Number(view.getBigUint64(8));
    if (size < 8) return; // no box: what follows cannot be stepped through
    yield { type, offset, size };
    offset += size;
  }
}

/** @throws CodedError `media/container` when a box says what cannot be */
function parse(bytes: Uint8Array<ArrayBuffer>): ISOFile {
  const iso = createFile(false);
  iso.sampleListBuilt = true; // our own tables are smaller, and hold for files without `stsd`
  try {
    iso.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer, 0), true);
  } catch (cause) {
    throw new CodedError('media/container', { looksLike: 'a damaged MP4' }, undefined, { cause });
  }
  return iso;
}

/** @throws CodedError `media/truncated` when the index is behind the end of the file, `media/container` when there is none */
export async function readMp4(file: NamedBlob): Promise<Mp4File> {
  const corrupted = () => new CodedError('media/container', { looksLike: 'a damaged MP4' });
  const cutOff = () => new CodedError('media/truncated', { present: 0, frames: 0 });
  let moovBytes: Uint8Array<ArrayBuffer> | undefined;
  const fragments: Mp4File['fragments'][number][] = [];
  let endsEarly = false;
  let samples = 0;
  for await (const { type, offset, size } of topLevelBoxes(file)) {
    endsEarly = offset + size > file.size;
    if (type !== 'moov' && type !== 'moof') continue;
    if (endsEarly) break;
    if (size > MAX_INDEX_BYTES) throw corrupted();
    const bytes = await readRange(file, offset, offset + size);
    if (!tablesFit(bytes)) throw corrupted();
    if (type === 'moov') moovBytes ??= bytes;
    else {
      const moof = parse(bytes).moofs[0];
      if (!moof) throw corrupted();
      for (const traf of moof.trafs ?? []) for (const run of traf.truns ?? []) samples += run.sample_count;
      if (samples > MAX_PACKETS) throw corrupted();
      fragments.push({ moof, offset });
    }
  }
  if (!moovBytes) throw endsEarly ? cutOff() : corrupted();
  const { moov } = parse(moovBytes);
  if (!moov) throw corrupted();
  return { moov, moovBytes, fragments, endsEarly };
}

const CONTAINERS = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf']);
/** Bytes of one entry of the tables that mp4box reads entry by entry, after the count at this offset in the box. */
const TABLES: Readonly<Record<string, readonly [countAt: number, entry: number]>> = {
  stts: [12, 8],
  ctts: [12, 8],
  stsc: [12, 12],
  stss: [12, 4],
  stco: [12, 4],
  co64: [12, 8],
};

/**
 * Checks that every table is as long as it states. Otherwise the parser would run through four milliards of entries that
 * are not there.
 */
function tablesFit(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at) || to - at;
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (size < 8 || at + size > to) return size === 1 || !CONTAINERS.has(type);
    if (CONTAINERS.has(type) && !tablesFit(bytes, at + 8, at + size)) return false;
    const table = TABLES[type];
    if (table && (size < 16 || view.getUint32(at + table[0]) * table[1] > size - 16)) return false;
    if (type === 'stsz') {
      if (size < 20) return false;
      const count = view.getUint32(at + 16);
      if (count > MAX_PACKETS || (view.getUint32(at + 12) === 0 && count * 4 > size - 20)) return false;
    }
    if (type === 'trun' && (size < 16 || view.getUint32(at + 12) > MAX_PACKETS)) return false;
    at += size;
  }
  return true;
}
