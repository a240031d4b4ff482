/** Files that are dropped by mistake, or in a format that the page does not read, named by their first bytes. */
import { CodedError } from '../../core/errors.ts';
import { encodingOf } from '../../core/text/encoding.ts';
import type { FormatName } from '../../core/text/format-names.ts';

/** [bytes as Latin-1, offset, format] of files that are no video. */
const NO_VIDEO: readonly (readonly [string, number, string])[] = [
  ['%PDF', 0, 'PDF'],
  ['\x89PNG', 0, 'PNG'],
  ['\xff\xd8\xff', 0, 'JPEG'],
  ['GIF8', 0, 'GIF'],
  ['WEBP', 8, 'WebP'],
  ['II*\0', 0, 'TIFF'],
  ['MM\0*', 0, 'TIFF'],
  ['\x76\x2f\x31\x01', 0, 'OpenEXR'],
  ['SDPX', 0, 'DPX'],
  ['XPDS', 0, 'DPX'],
  ['8BPS', 0, 'PSD'],
  ['WAVE', 8, 'WAV'],
  ['PK\x03\x04', 0, 'ZIP'],
  ['Rar!', 0, 'RAR'],
  ['7z\xbc\xaf', 0, '7z'],
  ['\xfd7zXZ', 0, 'xz'],
  ['\x28\xb5\x2f\xfd', 0, 'zstd'],
  ['\x1f\x8b', 0, 'gzip'],
  ['fLaC', 0, 'FLAC'],
  ['ID3', 0, 'MP3'],
  ['SQLite', 0, 'SQLite'],
  ['\x89HDF', 0, 'HDF5'],
  ['BM', 0, 'BMP'],
];

/** [bytes as Latin-1, offset, format] of videos in other containers. */
const VIDEO: readonly (readonly [string, number, FormatName])[] = [
  ['YUV4MPEG2', 0, 'Y4M'],
  ['DKIF', 0, 'IVF'],
  ['\x06\x0e\x2b\x34', 0, 'MXF'],
  ['AVI ', 8, 'AVI'],
  ['FLV\x01', 0, 'FLV'],
  ['\x30\x26\xb2\x75', 0, 'WMV'],
  ['\x00\x00\x01\xba', 0, 'MPEG-PS'],
  ['\x00\x00\x01\xb3', 0, 'MPEG-2'],
  ['\x00\x00\x01\xb0', 0, 'MPEG-4 Visual'],
  ['OggS', 0, 'Ogg'],
  ['.RMF', 0, 'RealMedia'],
  ['\x1f\x07\x00', 0, 'DV'],
  ['nut/multimedia', 0, 'NUT'],
  ['\xb7\xd8\x00\x20', 0, 'WTV'],
];

/** Endings of video without any header; the bytes cannot tell it. */
const RAW = /\.(yuv|rgb|nv12|nv21|i420|p010|raw|uyvy|yuyv)$/i;

const latin = (head: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...head.subarray(from, to));

/**
 * The error for a file that is none of the containers that are read.
 *
 * @param head the first 1,500 bytes of the file, or all of it
 * @param name of the file: raw video is known by nothing else
 * @returns CodedError `media/pointer`, `media/web-page`, `media/format` {format}, `media/raw`, or `media/container`
 *   {looksLike}
 */
export function otherFormatError(head: Uint8Array, name: string): CodedError {
  const looksLike = (format: string) => new CodedError('media/container', { looksLike: format });
  if (head.length === 0) return looksLike('an empty file');
  const starts = ([bytes, at]: readonly [string, number, string]) =>
    latin(head, at, at + bytes.length) === bytes;
  const format = VIDEO.find(starts)?.[2] ?? elementaryStream(head);
  if (format !== null) return new CodedError('media/format', { format });
  const text = textOf(head);
  if (text !== null) return textError(text);
  const other = NO_VIDEO.find(starts)?.[2];
  if (other !== undefined) return looksLike(other);
  if (RAW.test(name)) return new CodedError('media/raw');
  const later = laterStart(head);
  return later === null
    ? new CodedError('media/container')
    : new CodedError('media/format', { format: later });
}

/** A stream of coded video without a container: H.264, HEVC or VVC in Annex B, AV1 in OBUs. */
function elementaryStream(head: Uint8Array): FormatName | null {
  const start = [3, 4].find((n) => head[n - 1] === 1 && head.subarray(0, n - 1).every((byte) => byte === 0));
  if (start !== undefined) return annexB(head, start);
  // Temporal delimiter with its length, then a sequence header.
  if (head[0] === 0x12 && head[1] === 0 && head[2] !== undefined && (head[2] & 0xf8) === 0x08) return 'AV1';
  return isObuAnnexB(head) ? 'AV1' : null;
}

function annexB(head: Uint8Array, at: number): FormatName | null {
  const [first = 0xff, second = 0xff] = head.subarray(at);
  if (first & 0x80) return null;
  const avc = first & 0x1f;
  const isHeader = (first & 1) === 0 && second === 1;
  if (isHeader && [32, 33, 34, 35, 39].includes((first >> 1) & 0x3f)) return 'HEVC';
  // Layer 0, temporal id 1: parameter sets, picture headers and delimiters.
  if (first === 0 && (second & 7) === 1 && second >> 3 >= 12 && second >> 3 <= 24) return 'VVC';
  if ([1, 5, 6, 7, 9].includes(avc)) return 'H.264';
  return null;
}

/** AV1 in its length-delimited form: temporal unit, frame unit, then a temporal delimiter of one byte. */
function isObuAnnexB(head: Uint8Array): boolean {
  const sizes: number[] = [];
  let at = 0;
  for (let k = 0; k < 3; k += 1) {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = head[at];
      if (byte === undefined || shift > 28) return false;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    sizes.push(value);
  }
  const [unit = 0, frame = 0, delimiter] = sizes;
  return delimiter === 1 && head[at] === 0x10 && unit > frame && frame > 4;
}

/** A program stream or MXF behind other bytes. */
function laterStart(head: Uint8Array): FormatName | null {
  const text = latin(head, 0, head.length);
  const pack = text.indexOf('\x00\x00\x01\xba');
  const marker = head[pack + 4] ?? 0;
  if (pack > 0 && (marker >> 6 === 1 || marker >> 4 === 2)) return 'MPEG-PS';
  return text.includes('\x06\x0e\x2b\x34\x02\x05\x01\x01') ? 'MXF' : null;
}

/** The bytes as text; null where they hold control characters or no valid encoding. */
function textOf(head: Uint8Array): string | null {
  try {
    // The last character may be cut.
    const text = new TextDecoder(encodingOf(head), { fatal: true }).decode(head, { stream: true });
    const isText = [...text].every((c) => c >= ' ' || c === '\n' || c === '\r' || c === '\t' || c === '\f');
    return isText && text !== '' ? text.trimStart() : null;
  } catch {
    return null;
  }
}

function textError(text: string): CodedError {
  const start = text.toLowerCase();
  if (start.startsWith('version https://git-lfs')) return new CodedError('media/pointer');
  if (/^(<!doctype html|<html|<head|<body|<meta)/.test(start) || /^<!--.*<html/s.test(start))
    return new CodedError('media/web-page');
  const looksLike = (format: string) => new CodedError('media/container', { looksLike: format });
  if (start.startsWith('#extm3u') || /^(<\?xml[^>]*>\s*)?<mpd/.test(start)) return looksLike('a playlist');
  if (start.startsWith('%pdf')) return looksLike('PDF');
  if (start.startsWith('<?xml')) return looksLike('XML');
  if (/^[[{]\s*["{[\]}]/.test(start)) return looksLike('JSON');
  return looksLike('text');
}
