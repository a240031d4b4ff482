/** Media outside the file: data references of a track (ISO/IEC 14496-12 §8.7.2) and reference movies of QuickTime. */
import { boxAt, boxesIn, fourCharacters, viewOf } from './mp4-boxes.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const SELF_CONTAINED = 1;

/**
 * Name of the file in which the media of a track lies.
 *
 * @param index entry of `dref`, 1-based
 * @returns null where that is the file itself, or where no other is named
 */
export function externalMedia(minf: Bytes | undefined, index: number): string | null {
  const dref = boxAt(minf, 'dinf', 'dref');
  const entry = dref && [...boxesIn(dref, 8)][index - 1];
  if (!entry || entry.content.length < 4) return null;
  if (viewOf(entry.content).getUint32(0) & SELF_CONTAINED) return null;
  return fileName(entry.type, entry.content.subarray(4)) || null;
}

/** Name of the file that a QuickTime reference movie (`rmra`) stands for; empty where it gives none, null where it is none. */
export function referencedMovie(moov: Bytes): string | null {
  const rmra = boxAt(moov, 'rmra');
  if (!rmra) return null;
  const rdrf = boxAt(rmra, 'rmda', 'rdrf');
  return rdrf && rdrf.length > 12 ? fileName(fourCharacters(rdrf, 4), rdrf.subarray(12)) : '';
}

/** Last part of the location that a data reference holds; empty where it has none. */
function fileName(type: string, data: Bytes): string {
  if (type === 'alis' || type === 'rsrc') return aliasName(data);
  const end = type === 'urn ' ? data.indexOf(0) + 1 : 0;
  const location = new TextDecoder().decode(data.subarray(end)).split('\0')[0]!;
  const last =
    location
      .split(/[?#]/)[0]!
      .split(/[/\\]/)
      .findLast((part) => part !== '') ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** File name of a Macintosh alias record: a length and up to 63 characters at byte 50. */
function aliasName(record: Bytes): string {
  const length = record[50] ?? 0;
  if (length === 0 || length > 63 || record.length < 51 + length) return '';
  return String.fromCharCode(...record.subarray(51, 51 + length));
}
