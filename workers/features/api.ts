/** Interface between the media worker and the workers that compute features. */
import type { FeatureValues } from '../../core/sampling/human-features.ts';
import type { FramePlanes, NumberedLuma } from './frame-features.ts';

export interface FeatureApi {
  /** Features of a sample; see `FrameFeatures.sample`. Numbers of luma are those of one video. */
  sample(now: FramePlanes, before: NumberedLuma, after: NumberedLuma): FeatureValues;
  /** Features that are read once a second. */
  sharpness(frame: FramePlanes): FeatureValues;
}
