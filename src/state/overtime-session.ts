/** The store of quality over time, made when it is first opened. It rests while the whole video is assessed. */
import { pictureOf } from './batch-engine.ts';
import { createOvertimeStore } from './overtime-store.ts';
import { assess, media, models } from './session.ts';

export const overtime = createOvertimeStore({ media, models, picture: pictureOf });

assess.store.subscribe(({ phase, video }, before) => {
  if (video !== before.video && overtime.store.getState().video !== video) overtime.clear();
  else if (phase === 'running' && before.phase !== 'running') overtime.pause();
});
