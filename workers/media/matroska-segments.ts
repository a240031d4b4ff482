/** Segments of Matroska and WebM files: where the first one ends, and recordings that are glued behind it. */
import { type NamedBlob, readRange } from './bytes.ts';
import { elementAt, SEGMENT } from './matroska-tracks.ts';
import type { PacketIndex, PacketTable } from './packet-index.ts';

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

/** True where the packets of both go into one decoder. */
export function joinable(a: PacketIndex, b: PacketIndex): boolean {
  const same = (one: Uint8Array = new Uint8Array(), other: Uint8Array = new Uint8Array()) =>
    one.length === other.length && one.every((byte, i) => byte === other[i]);
  return (
    a.codec === b.codec &&
    a.rotation === b.rotation &&
    a.packets.timescale === b.packets.timescale &&
    same(a.description, b.description)
  );
}

/** The packets of two recordings one after another, each with its own clock. */
export function joined(a: PacketIndex, b: PacketIndex): PacketIndex {
  const n = a.packets.size.length;
  const packets: PacketTable = {
    timescale: a.packets.timescale,
    offset: Float64Array.from([...a.packets.offset, ...b.packets.offset]),
    size: Uint32Array.from([...a.packets.size, ...b.packets.size]),
    pts: Float64Array.from([...a.packets.pts, ...b.packets.pts]),
    key: Uint8Array.from([...a.packets.key, ...b.packets.key]),
  };
  return {
    ...a,
    packets,
    restarts: [...(a.restarts ?? []), n, ...(b.restarts ?? []).map((d) => d + n)],
    missing: b.missing,
    lastDuration: b.lastDuration,
    statedDuration: 0,
    notices: [...(a.notices ?? []), ...(b.notices ?? [])],
    read: (i) => (i < n ? a.read(i) : b.read(i - n)),
    async readRun(start, end) {
      const first = start < n ? await a.readRun(start, Math.min(end, n)) : [];
      return end > n ? [...first, ...(await b.readRun(Math.max(0, start - n), end - n))] : first;
    },
  };
}

/** The index of a file behind whose first recording another one lies that cannot be joined to it. */
export const unread = (index: PacketIndex): PacketIndex => ({
  ...index,
  notices: [...(index.notices ?? []), { code: 'unread-recording', params: {} }],
});
