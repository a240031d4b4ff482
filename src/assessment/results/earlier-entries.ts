/** Entries of Recent as this and earlier versions of the page stored them. */
import { currentResult, currentTimeline } from '../../../core/files/earlier-formats.ts';
import type { Result } from '../../../core/files/result.ts';
import type { StoredTimeline } from '../timeline/store.ts';

/** A result of Recent, as it is stored. */
export interface RecentEntry {
  readonly id: string;
  readonly result: Result;
  /** One JPEG a sampled frame, null where there was none. */
  readonly thumbnails: readonly (Blob | null)[];
  /** The quality timeline, finished or not. */
  readonly timeline?: StoredTimeline;
}

/** An entry whose quality timeline is stored under the names `curve` and `pictures`. */
type EntryWithCurve = Omit<RecentEntry, 'timeline'> & {
  readonly curve?: {
    readonly curve: StoredTimeline['timeline'];
    readonly pictures: StoredTimeline['thumbnails'];
  };
};

/** A stored entry under the present names, its files in the present formats. */
export function readEntry(stored: RecentEntry | EntryWithCurve): RecentEntry {
  const { curve, timeline, ...rest } = stored as RecentEntry & EntryWithCurve;
  const entry = { ...rest, result: currentResult(rest.result) as Result };
  const file = timeline?.timeline ?? curve?.curve;
  if (!file) return entry;
  const thumbnails = timeline?.thumbnails ?? curve?.pictures ?? [];
  return {
    ...entry,
    timeline: { timeline: currentTimeline(file) as StoredTimeline['timeline'], thumbnails },
  };
}
