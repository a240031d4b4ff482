/** The file of a quality timeline, and its thumbnails, as this device stores them. */
import { type QualityTimeline, timelineFormat, timelineKind } from '../../../core/files/quality-timeline.ts';
import type { Result } from '../../../core/files/result.ts';
import type { QualityTimelineState, StoredTimeline } from './store.ts';

export type TimelineSource = Pick<QualityTimelineState, 'seconds' | 'segments' | 'results' | 'model'>;

/**
 * @param result of the whole clip
 * @param duration of the clip in seconds
 * @returns null before there is a segment's result
 */
export function toStoredTimeline(
  { seconds, segments, results, model }: TimelineSource,
  result: Result,
  duration: number,
  app: string,
  createdAt: Date,
): StoredTimeline | null {
  if (!model || results.every((one) => one === null)) return null;
  const timeline: QualityTimeline = {
    format: timelineFormat,
    kind: timelineKind,
    app,
    createdAt: createdAt.toISOString(),
    result,
    duration,
    ...model,
    segmentSeconds: seconds,
    segments: segments.map((segment, at) => {
      const { thumbnail: _, ...result } = results[at] ?? { thumbnail: null };
      return { ...segment, result: 'text' in result ? result : null };
    }),
  };
  return { timeline, thumbnails: results.map((one) => one?.thumbnail ?? null) };
}
