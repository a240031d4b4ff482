/** Bit rate of a video stream. */
import type { VideoFacts } from '../../../workers/media/api.ts';

/** Mean over the whole stream in kb/s, rounded; 0 for a stream without a duration. */
export function kilobits({ videoBytes, duration }: Pick<VideoFacts, 'videoBytes' | 'duration'>): number {
  return duration > 0 ? Math.round((videoBytes * 8) / duration / 1000) : 0;
}
