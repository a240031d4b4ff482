/** The store of quality over time, made when it is first opened. It rests while the whole video is assessed. */

import { jpegOf, ROW_PICTURE } from '../run/jpeg.ts';
import { APP, assess, media, models, recent } from '../session.ts';
import { keptCurve } from './stored-timeline.ts';
import { createOvertimeStore } from './store.ts';

export const overtime = createOvertimeStore({
  media,
  models,
  picture: (bitmap) => jpegOf(bitmap, ROW_PICTURE),
});

assess.store.subscribe(({ phase, video }, before) => {
  if (video !== before.video && overtime.store.getState().video !== video) overtime.clear();
  else if (phase === 'running' && before.phase !== 'running') overtime.pause();
});

/** The curve as it stands, for a file or the next visit; null while the clip has no whole result of its own. */
export function currentCurve() {
  const state = overtime.store.getState();
  const { result } = assess.store.getState();
  return state.video && result ? keptCurve(state, result, state.video.facts.duration, APP, new Date()) : null;
}

/** Every segment is kept as it comes. */
overtime.store.subscribe(({ results }, before) => {
  if (results === before.results) return;
  const kept = currentCurve();
  if (kept) void recent.addCurve(kept).catch(() => {});
});
