/**
 * The boxes of an MP4 or MOV file that make up its index. Only `moov` and `moof` boxes are read; media data is stepped
 * over, so a 4 GB file costs as much as its index.
 */
import { CodedError } from '../../core/errors.ts';
import { type NamedBlob, readRange } from './bytes.ts';
import { boxAt, boxesOf, fourCharacters, viewOf } from './mp4-boxes.ts';

/** Larger indices than this are damaged or hostile: about 1,000 hours of video. */
const MAX_INDEX_BYTES = 256 << 20;
/** Bytes read at once while stepping from box to box. */
const WINDOW = 64 << 10;

export interface Mp4File {
  /** Content of the `moov` box. */
  readonly moov: Uint8Array<ArrayBuffer>;
  /** Contents of the `moof` boxes and where these begin in the file. */
  readonly fragments: readonly { readonly moof: Uint8Array<ArrayBuffer>; readonly offset: number }[];
  /** The last box is longer than what is left of the file. */
  readonly endsEarly: boolean;
  /** Bytes of the file, or as many as its last box states where that is cut off. */
  readonly bytes: number;
  /** Where another file begins that is glued behind this one; null where none does. */
  readonly next: number | null;
}

interface BoxRange {
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  /** Bytes before the content. */
  readonly header: number;
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
    let [size, header] = [view.getUint32(0), 8];
    if (size === 0) size = file.size - offset;
    else if (size === 1 && view.byteLength >= 16) {
      size = Number(view.getBigUint64(8));
      header = 16;
    }
    if (size < header) return; // no box: what follows cannot be stepped through
    yield { type: fourCharacters(window, offset - windowAt + 4), offset, size, header };
    offset += size;
  }
}

const corrupted = (cause?: unknown) =>
  new CodedError('media/container', { looksLike: 'a damaged MP4' }, undefined, { cause });

/**
 * @throws CodedError `media/truncated` when the index is behind the end of the file, `media/segment` when there are
 * fragments without it, `media/container` when there is none
 */
export async function readMp4(file: NamedBlob): Promise<Mp4File> {
  let moov: Uint8Array<ArrayBuffer> | undefined;
  const fragments: Mp4File['fragments'][number][] = [];
  let endsEarly = false;
  let bytes = file.size;
  let segment = false;
  let next: number | null = null;
  for await (const { type, offset, size, header } of topLevelBoxes(file)) {
    if (type === 'ftyp' && moov) {
      next = offset;
      break;
    }
    endsEarly = offset + size > file.size;
    if (endsEarly) bytes = offset + size;
    segment ||= type === 'styp' || type === 'sidx' || type === 'moof';
    if (type !== 'moov' && type !== 'moof') continue;
    if (endsEarly) break;
    if (size > MAX_INDEX_BYTES) throw corrupted();
    const content = await readRange(file, offset + header, offset + size);
    if (type === 'moov') moov ??= await inflated(content);
    else fragments.push({ moof: content, offset });
  }
  if (!moov) {
    if (segment) throw new CodedError('media/segment');
    throw endsEarly ? new CodedError('media/truncated', { present: 0, frames: 0 }) : corrupted();
  }
  return { moov, fragments, endsEarly, bytes, next };
}

/** The index itself, where QuickTime packed it with zlib (`cmov`). */
async function inflated(moov: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const cmov = boxAt(moov, 'cmov');
  if (!cmov) return moov;
  const [method, data] = [boxAt(cmov, 'dcom'), boxAt(cmov, 'cmvd')];
  if (!method || !data || data.length < 4 || fourCharacters(method, 0) !== 'zlib')
    throw new CodedError('media/container', { looksLike: 'a QuickTime movie with a compressed header' });
  const stated = viewOf(data).getUint32(0);
  if (stated > MAX_INDEX_BYTES || stated > data.length * MAX_DEFLATE_RATIO) throw corrupted();
  const whole = await inflate(data.subarray(4), stated).catch((cause: unknown) => {
    throw corrupted(cause);
  });
  const [content] = boxesOf(whole, 'moov');
  if (!content) throw corrupted();
  return content;
}

/** Most bytes that one byte of zlib data can stand for. */
const MAX_DEFLATE_RATIO = 1032;

/** At most `length` bytes of zlib data; the stream is left where there are more. */
async function inflate(data: Uint8Array<ArrayBuffer>, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate'));
  const reader = stream.getReader();
  const whole = new Uint8Array(length);
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || at === length) break;
    whole.set(value.subarray(0, length - at), at);
    at = Math.min(length, at + value.length);
  }
  if (at === length) await reader.cancel();
  return whole.subarray(0, at);
}
