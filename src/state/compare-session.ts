/** The stores of the Compare page, made when it is first opened. */
import { createFrameStore } from '../../workers/frames/client.ts';
import { hashFile } from '../../workers/hash/client.ts';
import { createCompareStore } from './compare-store.ts';
import { media, models } from './session.ts';

export const compare = createCompareStore({ media, createFrames: createFrameStore, hash: hashFile });

/** Follows the loaded model's way of sampling. */
const follow = () => {
  const { loaded } = models.store.getState();
  if (loaded) compare.setProfile(loaded.profile);
};
models.store.subscribe(follow);
follow();
