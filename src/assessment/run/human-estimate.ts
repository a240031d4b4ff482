/** The estimate of people's score by the head that a package may have beside its model. */
import { humanScore } from '../../../core/answer/human-head.ts';
import type { Result } from '../../../core/files/result.ts';
import type { FeatureReport, OpenedVideo } from '../../../workers/media/api.ts';
import type { LoadedModel } from '../../../workers/model/api.ts';
import type { FrameSource } from './assess-file.ts';
import type { DecodedFrames } from './decoded-frames.ts';
import { storedFeatures } from './result-file.ts';

/** Quality features of a whole video: those of an earlier run, else decoded and computed now. */
export async function wholeFeatures(
  media: Pick<FrameSource, 'frames'>,
  { id, facts }: OpenedVideo,
  decoded: DecodedFrames,
  signal: AbortSignal,
): Promise<FeatureReport | null> {
  const range = { from: 0, frames: facts.frames };
  const existing = decoded.featuresOf(range);
  if (existing) return existing;
  const request = { indices: [], size: 32, rules: [], thumbnail: 0, features: range };
  const { features } = await media.frames(id, request, () => {}, signal);
  if (features && !signal.aborted) decoded.addFeatures(range, features);
  return features ?? null;
}

/** The estimate as a result stores it; null for a video without a sample, and for a package without the head. */
export function estimateOf(
  { humanHead: head, manifest }: LoadedModel,
  features: FeatureReport | null,
): Required<Pick<Result, 'humanEstimate' | 'qualityFeatures'>> | null {
  const about = manifest.humanHead;
  if (!head || !about || !features || features.samples === 0) return null;
  return {
    humanEstimate: {
      score: humanScore(head, features.columns),
      halfWidth: about.test.halfWidth,
      datasets: about.datasets.map(({ name }) => name),
    },
    qualityFeatures: storedFeatures(about.set, features),
  };
}
