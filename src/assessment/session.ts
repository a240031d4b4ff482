/** The stores of this page, made once. Workers start when they are first needed, not here. */
import { hashFile } from '../../workers/hash/client.ts';
import { createMediaClient } from '../../workers/media/client.ts';
import { createAssessStore } from './assess-store.ts';
import { loadPart } from './build.ts';
import { bundledSource, createModelStore } from './model/model-store.ts';
import { BUNDLED, preferredPackage } from './model/preferred-package.ts';
import { createRecentResults } from './results/recent.ts';
import { createRecentStore } from './results/recent-store.ts';

export const APP = `vqathinker-browser ${import.meta.env.APP_VERSION}`;

export const media = createMediaClient();
/** The first paint does not wait for the code of stored packages: most people use the bundled one. */
export const models = createModelStore(undefined, async () =>
  preferredPackage() === BUNDLED
    ? bundledSource()
    : (await loadPart(() => import('./model/packages-session.ts'))).preferredSource(),
);
// The workers that compute quality features start with the model, not with the first video.
models.store.subscribe(({ loaded }, before) => {
  if (loaded?.manifest.qualityFeatures && loaded !== before.loaded) media.prepareFeatures();
});
export const recent = createRecentStore(createRecentResults());
export const assess = createAssessStore({
  media,
  models,
  hash: hashFile,
  app: APP,
  onResult: (result, frames) => void recent.add(result, frames),
});

/** Shows a result of Recent with its thumbnails. */
export async function reopenRecent(id: string): Promise<void> {
  const row = recent.store.getState().entries.find(({ entry }) => entry.id === id);
  if (!row) return;
  const thumbnails = row.entry.thumbnails.map((blob) =>
    blob ? createImageBitmap(blob).catch(() => null) : null,
  );
  assess.showResult(row.entry.result, await Promise.all(thumbnails), row.entry.timeline ?? null);
  recent.store.setState({ latest: id });
}
