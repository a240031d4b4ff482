/** Interface between the media worker and the workers that compute features. */
import type { FeatureValues } from '../../core/sampling/human-features.ts';
import type { FramePlanes, NumberedLuma } from './frame-features.ts';

export interface FeatureApi {
  /** Features of a sample; see `FrameFeatures.sample`. `video` is a number of the video that the frames are of. */
  sample(video: number, now: FramePlanes, before: NumberedLuma, after: NumberedLuma): FeatureValues;
  /** Features that are read once a second. */
  sharpness(frame: FramePlanes): FeatureValues;
}
