/** Tells containers apart by their first bytes; the name of a file and its MIME type are not trusted. */
import { CodedError } from '../../core/errors.ts';
import { packetGrid } from './mpegts-packets.ts';

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

/** [bytes as Latin-1, offset, name for people] of files that are dropped by mistake. */
const OTHERS: readonly (readonly [string, number, string])[] = [
  ['%PDF', 0, 'PDF'],
  ['\x89PNG', 0, 'PNG'],
  ['\xff\xd8\xff', 0, 'JPEG'],
  ['GIF8', 0, 'GIF'],
  ['WEBP', 8, 'WebP'],
  ['AVI ', 8, 'AVI'],
  ['WAVE', 8, 'WAV'],
  ['PK\x03\x04', 0, 'ZIP'],
  ['OggS', 0, 'Ogg'],
  ['FLV\x01', 0, 'FLV'],
  ['fLaC', 0, 'FLAC'],
  ['ID3', 0, 'MP3'],
  ['\x30\x26\xb2\x75', 0, 'WMV'],
  ['\x00\x00\x01\xba', 0, 'MPEG'],
  ['\x00\x00\x01\xb3', 0, 'MPEG'],
  ['\x1f\x8b', 0, 'gzip'],
  ['BM', 0, 'BMP'],
];

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

function otherFormat(head: Uint8Array): string | undefined {
  for (const [bytes, at, name] of OTHERS) if (latin(head, at, at + bytes.length) === bytes) return name;
  const text =
    head.length > 0 && head.every((byte) => byte === 9 || byte === 10 || byte === 13 || byte >= 32);
  return text ? 'text' : undefined;
}

/**
 * @param head the first 1,500 bytes of the file, or all of it
 * @throws CodedError `media/container` with what it looks like, where that is known
 */
export function containerOf(head: Uint8Array): ContainerFamily {
  const box = latin(head, 4, 8);
  const image = box === 'ftyp' ? STILL_IMAGES[latin(head, 8, 12)] : undefined;
  if (image !== undefined) throw new CodedError('media/container', { looksLike: image });
  if (FIRST_BOXES.has(box)) return 'mp4';
  if (latin(head, 0, 4) === '\x1a\x45\xdf\xa3') return 'matroska';
  const looksLike = head.length === 0 ? 'an empty file' : otherFormat(head);
  if (looksLike === undefined && packetGrid(head)) return 'mpegts';
  throw new CodedError('media/container', looksLike === undefined ? {} : { looksLike });
}

/** `mov` for QuickTime brands, else `mp4`. */
export function isQuickTime(head: Uint8Array): boolean {
  const box = latin(head, 4, 8);
  return box === 'ftyp' ? latin(head, 8, 12) === 'qt  ' : box !== 'styp';
}
