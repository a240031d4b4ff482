/** The quality features of a run of frames, computed in workers while the frames are decoded. */
import { featurePlan, movedPlan } from '../../core/sampling/human-features.ts';
import { FeaturePool } from '../features/client.ts';
import type { FeatureReport } from './api.ts';
import { FeatureSamples } from './feature-samples.ts';
import { pixels } from './pixel-client.ts';
import type { Video } from './video.ts';

export const featurePool = new FeaturePool(navigator.hardwareConcurrency ?? 1);

export class FeatureReading {
  /** Frames that the features read. */
  readonly wanted: ReadonlySet<number>;
  private readonly video: Video;
  private readonly samples: FeatureSamples;
  private readonly counts: Pick<FeatureReport, 'samples' | 'sharpnessFrames'>;
  private substituted = 0;

  constructor(
    id: number,
    video: Video,
    { from, frames }: { readonly from: number; readonly frames: number },
  ) {
    this.video = video;
    const plan = movedPlan(featurePlan(frames, video.facts.fps), from);
    this.samples = new FeatureSamples(plan, {
      sample: (...parts) => featurePool.sample(id, ...parts),
      sharpness: (frame) => featurePool.sharpness(frame),
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
    this.samples.add(index, await pixels.planes(frame, this.video.frameFacts));
    await featurePool.room();
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
