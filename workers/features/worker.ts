/** Computes features of frames. One worker serves one video, whose frames have one size. */
/// <reference lib="webworker" />
import '../thread/requests.ts';
import { expose } from '../thread/rpc.ts';
import type { FeatureApi } from './api.ts';
import { FrameFeatures, type FramePlanes } from './frame-features.ts';

let current:
  | { readonly width: number; readonly height: number; readonly features: FrameFeatures }
  | undefined;

function featuresFor({ width, height }: FramePlanes): FrameFeatures {
  if (current?.width !== width || current.height !== height)
    current = { width, height, features: new FrameFeatures(width, height) };
  return current.features;
}

const api: FeatureApi = {
  sample: (now, before, after) => featuresFor(now).sample(now, before, after),
  sharpness: (frame) => featuresFor(frame).sharpness(frame),
};

expose(api);
