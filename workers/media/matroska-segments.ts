/** Segments of Matroska and WebM files: where the first one ends, and recordings that are glued behind it. */
import { type NamedBlob, readRange } from './bytes.ts';
import { elementAt, SEGMENT } from './matroska-tracks.ts';

const EBML = [0x1a, 0x45, 0xdf, 0xa3];

/** True for the first bytes of a file. */
export const isEbml = (bytes: Uint8Array): boolean => EBML.every((byte, i) => bytes[i] === byte);

/** Position of the first byte behind the first segment, which may lie behind the file; null where it is not stated. */
export async function segmentEnd(file: NamedBlob): Promise<number | null> {
  const head = await readRange(file, 0, 4096);
  if (!isEbml(head)) return null;
  const header = elementAt(head, 0);
  const segment = header && elementAt(head, header.to);
  if (!segment || segment.id !== SEGMENT || segment.to >= Number.MAX_SAFE_INTEGER) return null;
  return segment.to;
}

/** Bytes of a file of stated or unstated length that are searched for another one; about a second of reading. */
const READ_THROUGH = 256e6;
/** Bytes of one read; of an EBML header up to its document type. */
const BLOCK = 1 << 20;
const HEADER = 64;

/**
 * Position of a file that is glued behind a first one whose segment states no length, as live recorders write it; null
 * where there is none.
 */
export async function gluedStart(file: NamedBlob): Promise<number | null> {
  if (file.size > READ_THROUGH || !isEbml(await readRange(file, 0, 4))) return null;
  for (let at = 0; at < file.size; at += BLOCK) {
    const bytes = await readRange(file, at, Math.min(file.size, at + BLOCK + HEADER));
    for (let i = bytes.indexOf(EBML[0]!); i >= 0 && i < BLOCK; i = bytes.indexOf(EBML[0]!, i + 1))
      if (at + i > 0 && isEbml(bytes.subarray(i)) && namesMatroska(bytes.subarray(i, i + HEADER)))
        return at + i;
  }
  return null;
}

/** True where `DocType` is `webm` or `matroska`. */
function namesMatroska(header: Uint8Array): boolean {
  return /\x42\x82[^\0]{1,8}(webm|matroska)/.test(String.fromCharCode(...header));
}

const CLUSTER = 0x1f43b675;
/** Bytes of the longest header of an element. */
const ELEMENT_HEADER = 12;

/**
 * The file up to its last whole block, where its end cuts a cluster off: the demuxer takes nothing of a cluster that is
 * longer than the file. The same file where no cluster is cut.
 */
export async function withoutCutBlock(file: NamedBlob): Promise<NamedBlob> {
  const elementOf = async (at: number) => elementAt(await readRange(file, at, at + ELEMENT_HEADER), 0);
  const head = await readRange(file, 0, 4096);
  const segment = elementAt(head, elementAt(head, 0)?.to ?? head.length);
  if (segment?.id !== SEGMENT || segment.to <= file.size) return file;
  let at = segment.from;
  let cluster = await elementOf(at);
  while (cluster && at + cluster.to <= file.size) {
    at += cluster.to;
    cluster = await elementOf(at);
  }
  if (cluster?.id !== CLUSTER || cluster.to >= Number.MAX_SAFE_INTEGER) return file;
  let end = at + cluster.from;
  for (;;) {
    const child = await elementOf(end);
    if (!child || end + child.to > file.size) break;
    end += child.to;
  }
  const idBytes = 4;
  const size = sizeOf(end - at - cluster.from, cluster.from - idBytes);
  const parts = [file.slice(0, at + idBytes), size, file.slice(at + cluster.from, end)];
  return new File(parts, file.name);
}

/** A size of an element in so many bytes; it is no larger than the one that they held. */
function sizeOf(value: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (value / 256 ** (length - 1 - i)) % 256;
  bytes[0] = bytes[0]! | (128 >> (length - 1));
  return bytes;
}
