/** The page's quality timeline, made when it is first opened. It pauses while the whole video is assessed. */

import { jpegOf, ROW_THUMBNAIL } from '../run/jpeg.ts';
import { APP, assess, media, models, recent } from '../session.ts';
import { createQualityTimelineStore } from './store.ts';
import { toStoredTimeline } from './stored-timeline.ts';

export const qualityTimeline = createQualityTimelineStore({
  media,
  models,
  makeThumbnail: (bitmap) => jpegOf(bitmap, ROW_THUMBNAIL),
});

assess.store.subscribe(({ phase, video }, before) => {
  if (video !== before.video && qualityTimeline.store.getState().video !== video) qualityTimeline.clear();
  else if (phase === 'running' && before.phase !== 'running') qualityTimeline.pause();
});

/** The present timeline, for a file or the next visit; null while the whole clip has no result. */
export function currentTimeline() {
  const state = qualityTimeline.store.getState();
  const { result } = assess.store.getState();
  return state.video && result
    ? toStoredTimeline(state, result, state.video.facts.duration, APP, new Date())
    : null;
}

/** Every segment is stored as soon as it is assessed. */
qualityTimeline.store.subscribe(({ results }, before) => {
  if (results === before.results) return;
  const timeline = currentTimeline();
  if (timeline) void recent.addTimeline(timeline).catch(() => {});
});
