/** Errors of a file without a readable video track, by what is in it. */
import { CodedError } from '../../core/errors.ts';
import { codecFamily } from '../../core/text/codec-names.ts';
import type { MatroskaTrack } from './matroska-tracks.ts';

/** @param kinds of its tracks; undefined for other data */
export function noVideo(kinds: readonly ('sound' | 'subtitles' | undefined)[]): CodedError {
  const seen = (kind: 'sound' | 'subtitles') => (kinds.includes(kind) ? 1 : 0);
  return new CodedError('media/no-video', { sound: seen('sound'), subtitles: seen('subtitles') });
}

/** The error of a Matroska file of which the demuxer gives no video track. */
export function noVideoInMatroska(tracks: readonly MatroskaTrack[]): CodedError {
  const videos = tracks.filter(({ kind }) => kind === 'video');
  const encoding = videos.find((track) => track.encoding)?.encoding;
  if (encoding === 'encryption') return new CodedError('media/encrypted');
  if (encoding) return new CodedError('media/track-encoding', { encoding });
  if (videos.length > 0) return new CodedError('media/container', { looksLike: 'a damaged file' });
  return noVideo(tracks.map(({ kind }) => (kind === 'video' ? undefined : kind)));
}

/** Formats of still pictures. */
const STILLS = /^(JPEG|Motion JPEG|PNG|GIF|TIFF|BMP)$/;

export interface StreamLength {
  readonly codec: string;
  readonly packets: number;
  readonly seconds: number;
  /** The file has a sound track. */
  readonly sound: boolean;
}

/**
 * A single picture of a still format is a cover, and pictures of a second or more each beside sound are those of
 * chapters.
 *
 * @throws CodedError `media/cover`
 */
export function refuseCover({ codec, packets, seconds, sound }: StreamLength): void {
  const format = codecFamily(codec);
  if (!STILLS.test(format) || (packets > 1 && !(sound && packets <= seconds))) return;
  throw new CodedError('media/cover', { format: format.replace('Motion ', ''), sound: sound ? 1 : 0 });
}
