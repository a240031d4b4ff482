/** Computes features of frames. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { expose } from '../thread/rpc.ts';
import type { FeatureApi } from './api.ts';
import { FrameFeatures, type FramePlanes } from './frame-features.ts';

/** Those of the last video and size: the maps of a size, and the luma of the video's last frames, are used again. */
let current: { readonly key: string; readonly features: FrameFeatures } | undefined;

function featuresFor(video: number | null, { width, height }: FramePlanes): FrameFeatures {
  const key = `${video ?? current?.key.split(' ')[0]} ${width} ${height}`;
  if (current?.key !== key) current = { key, features: new FrameFeatures(width, height) };
  return current.features;
}

const api: FeatureApi = {
  sample: (video, now, before, after) => featuresFor(video, now).sample(now, before, after),
  sharpness: (frame) => featuresFor(null, frame).sharpness(frame),
};

expose(api);
