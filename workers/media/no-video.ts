/** The error of a file without video, by the kinds of track that were seen in it. */
import { CodedError } from '../../core/errors.ts';

/** @param kinds of its tracks; undefined for other data */
export function noVideo(kinds: readonly ('sound' | 'subtitles' | undefined)[]): CodedError {
  const seen = (kind: 'sound' | 'subtitles') => (kinds.includes(kind) ? 1 : 0);
  return new CodedError('media/no-video', { sound: seen('sound'), subtitles: seen('subtitles') });
}
