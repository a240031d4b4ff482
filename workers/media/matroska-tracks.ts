/**
 * Tracks that a Matroska or WebM file lists, for files of which the demuxer gives none: it leaves out tracks whose blocks
 * are compressed or encrypted (RFC 9559 §5.1.4.1.31) without a word. Those of zlib are inflated here.
 */
import { CodedError } from '../../core/errors.ts';
import { type NamedBlob, readRange } from './bytes.ts';

export interface MatroskaTrack {
  readonly kind: 'video' | 'sound' | 'subtitles' | undefined;
  /** Encoding of its blocks that the demuxer does not undo, e.g. `zlib`. */
  readonly encoding?: 'zlib' | 'bzlib' | 'lzo1x' | 'encryption' | undefined;
  /** Bytes of the file that hold the list of its encodings, where zlib of whole blocks is the only one. */
  readonly zlibAt?: Span | undefined;
}

/** Bytes [from, to). */
interface Span {
  readonly from: number;
  readonly to: number;
}

export const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const ENCODINGS = 0x6d80;
const ENCODING = 0x6240;
const ENCODING_SCOPE = 0x5032;
const COMPRESSION = 0x5034;
const COMPRESSION_ALGORITHM = 0x4254;
const ENCRYPTION = 0x5035;
const VOID = 0xec;

const KINDS: Readonly<Record<number, MatroskaTrack['kind']>> = { 1: 'video', 2: 'sound', 17: 'subtitles' };
/** Header stripping, 3, is undone by the demuxer. */
const ALGORITHMS = ['zlib', 'bzlib', 'lzo1x', undefined] as const;

/** Larger lists of tracks are damaged or hostile. */
const MAX_TRACKS_BYTES = 16 << 20;

/** Elements before the list of tracks, at most. */
const MAX_ELEMENTS = 10_000;

/** An element by its content, which may reach past the bytes at hand. */
interface Element extends Span {
  readonly id: number;
}

/** Header of an element at an offset; null where there is none. A size of all ones reaches as far as can be. */
export function elementAt(bytes: Uint8Array, at: number): Element | null {
  const number = (from: number, marked: boolean): { value: number; next: number } | null => {
    const first = bytes[from];
    if (!first) return null;
    const length = Math.clz32(first) - 23;
    if (from + length > bytes.length) return null;
    let value = marked ? first & (255 >> length) : first;
    let unknown = value === 255 >> length;
    for (let i = 1; i < length; i++) {
      unknown &&= bytes[from + i] === 255;
      value = value * 256 + bytes[from + i]!;
    }
    return { value: marked && unknown ? Number.MAX_SAFE_INTEGER - from : value, next: from + length };
  };
  const id = number(at, false);
  const size = id && number(id.next, true);
  return id && size && { id: id.value, from: size.next, to: size.next + size.value };
}

interface Content {
  readonly id: number;
  /** Position of the element itself. */
  readonly at: number;
  readonly content: Uint8Array;
}

function* elementsIn(bytes: Uint8Array): Generator<Content> {
  for (let at = 0; at < bytes.length; ) {
    const element = elementAt(bytes, at);
    if (!element) return;
    yield { id: element.id, at, content: bytes.subarray(element.from, element.to) };
    at = element.to;
  }
}

const childOf = (bytes: Uint8Array | undefined, id: number): Uint8Array | undefined => {
  for (const element of elementsIn(bytes ?? new Uint8Array())) if (element.id === id) return element.content;
  return undefined;
};

const unsigned = (bytes: Uint8Array | undefined, otherwise: number): number =>
  bytes ? bytes.reduce((value, byte) => value * 256 + byte, 0) : otherwise;

/** The tracks of the first segment; none where the list is not in the file. */
export async function matroskaTracks(file: NamedBlob): Promise<readonly MatroskaTrack[]> {
  let at = 0;
  for (let seen = 0; at < file.size && seen < MAX_ELEMENTS; seen++) {
    const element = elementAt(await readRange(file, at, at + 12), 0);
    if (!element) return [];
    if (element.id === TRACKS) {
      const from = at + element.from;
      const end = Math.min(at + element.to, from + MAX_TRACKS_BYTES);
      return tracksIn(await readRange(file, from, end), from);
    }
    at += element.id === SEGMENT ? element.from : element.to;
  }
  return [];
}

/** @param start position of the bytes in the file */
function tracksIn(bytes: Uint8Array, start: number): MatroskaTrack[] {
  const tracks: MatroskaTrack[] = [];
  for (const { id, content } of elementsIn(bytes)) {
    if (id !== TRACK_ENTRY) continue;
    const list = [...elementsIn(content)].find((one) => one.id === ENCODINGS);
    const encodings = [...elementsIn(list?.content ?? new Uint8Array())].filter((one) => one.id === ENCODING);
    const encoding = encodings.map((one) => encodingOf(one.content)).find((one) => one !== undefined);
    const ofBlocks = unsigned(childOf(encodings[0]?.content, ENCODING_SCOPE), 1) === 1;
    const at = start + content.byteOffset - bytes.byteOffset + (list?.at ?? 0);
    tracks.push({
      kind: KINDS[unsigned(childOf(content, TRACK_TYPE), 0)],
      encoding,
      ...(list && encoding === 'zlib' && encodings.length === 1 && ofBlocks
        ? {
            zlibAt: {
              from: at,
              to: start + list.content.byteOffset - bytes.byteOffset + list.content.length,
            },
          }
        : {}),
    });
  }
  return tracks;
}

function encodingOf(content: Uint8Array): MatroskaTrack['encoding'] {
  if (childOf(content, ENCRYPTION)) return 'encryption';
  const compression = childOf(content, COMPRESSION);
  return compression && ALGORITHMS[unsigned(childOf(compression, COMPRESSION_ALGORITHM), 0)];
}

/**
 * The file without the note that blocks of its video are compressed by zlib, so that the demuxer gives them as they are
 * stored; null where there is no such track.
 */
export function withoutZlibNote(file: NamedBlob, tracks: readonly MatroskaTrack[]): NamedBlob | null {
  const notes = tracks.flatMap(({ kind, zlibAt }) => (kind === 'video' && zlibAt ? [zlibAt] : []));
  if (notes.length === 0) return null;
  const parts: BlobPart[] = [];
  let end = 0;
  for (const { from, to } of notes) {
    parts.push(file.slice(end, from), emptyElement(to - from));
    end = to;
  }
  return new File([...parts, file.slice(end)], file.name);
}

/** An element without meaning, of a length of 9 bytes or more. */
function emptyElement(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  bytes[0] = VOID;
  new DataView(bytes.buffer).setBigUint64(1, (1n << 56n) | BigInt(length - 9));
  return bytes;
}

/** @throws CodedError `media/damaged` */
export async function inflated(block: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([block.slice()]).stream().pipeThrough(new DecompressionStream('deflate'));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new CodedError('media/damaged', {}, undefined, { cause });
  }
}
