/** Stores of the Compare page, created when it is first opened. */
import { createFrameStore } from '../../../../workers/frames/client.ts';
import { measureVideos } from '../../../../workers/full-reference/client.ts';
import { hashFile } from '../../../../workers/hash/client.ts';
import { media, models } from '../../../assessment/session.ts';
import { createAssessBoth } from './assess.ts';
import { Measurer } from './measure.ts';
import { createSeekHints } from './seek-hints.ts';
import { createCompareStore, FRAMES_CAP, SMALL_FRAMES_CAP } from './store.ts';

/** Memory cap of the frame stores in bytes: small on phones, which kill large pages, and by `deviceMemory` (GB). */
function framesCap(): number {
  const { deviceMemory = 8 } = navigator as Navigator & { readonly deviceMemory?: number };
  return deviceMemory <= 4 || matchMedia('(pointer: coarse)').matches ? SMALL_FRAMES_CAP : FRAMES_CAP;
}

export const compare = createCompareStore({
  media,
  createFrames: createFrameStore,
  hash: hashFile,
  cap: framesCap(),
});

/** The seek pool gets half as much memory as the proxy frames. */
export const seekHints = createSeekHints({
  media,
  clock: compare.clock,
  store: compare.store,
  frameImages: compare.frameImages,
  bytes: compare.cap / 2,
});

/** Samples as the loaded model does. */
const follow = () => {
  const { loaded } = models.store.getState();
  if (loaded) compare.setProfile(loaded.profile);
};
models.store.subscribe(follow);
follow();

export const both = createAssessBoth({ media, models, state: compare.store.getState });

export const measurer = new Measurer({ measure: measureVideos, state: compare.store.getState });
compare.store.subscribe(measurer.follow);

compare.store.subscribe((now, before) => {
  const other = (one: typeof now.a, two: typeof now.a) => one?.video !== two?.video;
  if (other(now.a, before.a) || other(now.b, before.b)) both.clear();
});
