/** Features of frames, one after the other in the caller's thread. */
import type { FeatureApi } from './api.ts';
import { FrameFeatures, type FramePlanes } from './frame-features.ts';

export function featureWork(): FeatureApi {
  /** Those of the last video and size: the maps of a size, and the luma of the video's last frames, are used again. */
  let current: { readonly key: string; readonly features: FrameFeatures } | undefined;

  function featuresFor(video: number | null, { width, height }: FramePlanes): FrameFeatures {
    const key = `${video ?? current?.key.split(' ')[0]} ${width} ${height}`;
    if (current?.key !== key) current = { key, features: new FrameFeatures(width, height) };
    return current.features;
  }

  return {
    sample: (video, now, before, after) => featuresFor(video, now).sample(now, before, after),
    sharpness: (frame) => featuresFor(null, frame).sharpness(frame),
  };
}
