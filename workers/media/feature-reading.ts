/** The quality features of a run of frames, computed in workers while the frames are decoded. */
import { featurePlan, movedPlan } from '../../core/sampling/human-features.ts';
import type { FeaturePool } from '../features/client.ts';
import type { FeatureReport, FrameRequest } from './api.ts';
import { FeatureSamples } from './feature-samples.ts';
import type { PixelApi } from './frame-images.ts';
import type { Video } from './video.ts';

/** Computes features, in workers or in the caller's thread. */
export type FeatureWorkers = Pick<FeaturePool, 'sample' | 'sharpness' | 'room' | 'prepare'>;

/** A run of source frames. */
export type FrameRange = NonNullable<FrameRequest['features']>;

interface ReadingParts {
  readonly pixels: Pick<PixelApi, 'planes'>;
  readonly features: FeatureWorkers;
}

export class FeatureReading {
  /** Frames that the features read. */
  readonly wanted: ReadonlySet<number>;
  private readonly video: Video;
  private readonly parts: ReadingParts;
  private readonly samples: FeatureSamples;
  private readonly counts: Pick<FeatureReport, 'samples' | 'sharpnessFrames'>;
  private substituted = 0;

  constructor(
    { id, video, range: { from, frames } }: { id: number; video: Video; range: FrameRange },
    parts: ReadingParts,
  ) {
    this.video = video;
    this.parts = parts;
    const plan = movedPlan(featurePlan(frames, video.facts.fps), from);
    this.samples = new FeatureSamples(plan, {
      sample: (...frames) => parts.features.sample(id, ...frames),
      sharpness: (frame) => parts.features.sharpness(frame),
    });
    this.wanted = this.samples.wanted;
    this.counts = {
      samples: new Set(plan.blocks.flat().map(({ now }) => now)).size,
      sharpnessFrames: plan.sharpness.length,
    };
  }

  /** Takes over one wanted frame, and waits where too many wait already. */
  async add(index: number, used: number, frame: VideoFrame): Promise<void> {
    if (used !== this.video.shown(index)) this.substituted++;
    this.samples.add(index, await this.parts.pixels.planes(frame, this.video.frameFacts));
    await this.parts.features.room();
  }

  /** The features, once every wanted frame was added. Rejects at once when the signal fires. */
  async report(signal: AbortSignal): Promise<FeatureReport> {
    const begun = performance.now();
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort);
    try {
      const columns = await Promise.race([this.samples.columns(), aborted]);
      const secondsAfter = (performance.now() - begun) / 1000;
      return { columns, ...this.counts, substituted: this.substituted, secondsAfter };
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
