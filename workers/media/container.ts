/** Tells containers apart by their first bytes; the name of a file and its MIME type are not trusted. */
import { CodedError } from '../../core/errors.ts';
import { packetGrid } from './mpegts-packets.ts';
import { otherFormatError } from './other-formats.ts';

export type ContainerFamily = 'mp4' | 'matroska' | 'mpegts';

/** Boxes with which MP4 and MOV files begin. */
const FIRST_BOXES = new Set([
  'ftyp',
  'moov',
  'mdat',
  'moof',
  'styp',
  'sidx',
  'wide',
  'free',
  'skip',
  'pnot',
  'uuid',
  'emsg',
  'prft',
]);

/** Brands of pictures in the same boxes as MP4. */
const STILL_IMAGES: Readonly<Record<string, string>> = {
  avif: 'AVIF',
  avis: 'AVIF',
  heic: 'HEIC',
  heix: 'HEIC',
  mif1: 'HEIC',
};

function latin(head: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...head.subarray(from, to));
}

/**
 * @param head the first `TS_HEAD` bytes of the file, or all of it
 * @param name of the file, for its error
 * @throws CodedError of `otherFormatError`
 */
export function containerOf(head: Uint8Array, name = ''): ContainerFamily {
  const box = latin(head, 4, 8);
  const image = box === 'ftyp' ? STILL_IMAGES[latin(head, 8, 12)] : undefined;
  if (image !== undefined) throw new CodedError('media/container', { looksLike: image });
  if (FIRST_BOXES.has(box)) return 'mp4';
  if (latin(head, 0, 4) === '\x1a\x45\xdf\xa3') return 'matroska';
  const other = otherFormatError(head, name);
  // A recording may begin in mid packet, where a start code of its video can stand.
  const isUnnamed = other.code === 'media/container' && other.params.looksLike === undefined;
  const mayBeStream = isUnnamed || other.code === 'media/format' || other.code === 'media/raw';
  if (mayBeStream && packetGrid(head)) return 'mpegts';
  throw other;
}

/** `mov` for QuickTime brands, else `mp4`. */
export function isQuickTime(head: Uint8Array): boolean {
  const box = latin(head, 4, 8);
  return box === 'ftyp' ? latin(head, 8, 12) === 'qt  ' : box !== 'styp';
}
