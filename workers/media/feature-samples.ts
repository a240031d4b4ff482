/** Frames of a feature plan, handed on sample by sample as they are decoded. */
import {
  type FeaturePlan,
  type FeatureSample,
  type FeatureValues,
  pooledFeatures,
} from '../../core/sampling/human-features.ts';
import type { FramePlanes, NumberedLuma } from '../features/frame-features.ts';

/** Computes features of frames of one video; `FeaturePool` does it in workers. */
export interface FeatureSink {
  sample(now: FramePlanes, before: NumberedLuma, after: NumberedLuma): Promise<FeatureValues>;
  sharpness(frame: FramePlanes): Promise<FeatureValues>;
}

export class FeatureSamples {
  private readonly plan: FeaturePlan;
  private readonly sink: FeatureSink;
  private readonly waiting: Map<number, FeatureSample>;
  private readonly planes = new Map<number, FramePlanes>();
  private readonly samples = new Map<number, Promise<FeatureValues>>();
  private readonly sharpness = new Map<number, Promise<FeatureValues>>();

  constructor(plan: FeaturePlan, sink: FeatureSink) {
    this.plan = plan;
    this.sink = sink;
    this.waiting = new Map(plan.blocks.flat().map((sample) => [sample.now, sample]));
  }

  /** Frames that the plan reads. */
  get wanted(): ReadonlySet<number> {
    const frames = [...this.waiting.values()].flatMap(({ before, now, after }) => [before, now, after]);
    return new Set([...frames, ...this.plan.sharpness]);
  }

  /** Takes one wanted frame, in any order, and computes each sample that is then complete. */
  add(number: number, planes: FramePlanes): void {
    if (this.plan.sharpness.includes(number)) this.start(this.sharpness, number, this.sink.sharpness(planes));
    this.planes.set(number, planes);
    for (const { before, now, after } of [...this.waiting.values()]) {
      const [earlier, frame, later] = [before, now, after].map((k) => this.planes.get(k));
      if (!earlier || !frame || !later) continue;
      this.waiting.delete(now);
      const luma = { before: { number: before, y: earlier.y }, after: { number: after, y: later.y } };
      this.start(this.samples, now, this.sink.sample(frame, luma.before, luma.after));
    }
    const needed = new Set(
      [...this.waiting.values()].flatMap(({ before, now, after }) => [before, now, after]),
    );
    for (const held of [...this.planes.keys()]) if (!needed.has(held)) this.planes.delete(held);
  }

  private start(
    list: Map<number, Promise<FeatureValues>>,
    number: number,
    values: Promise<FeatureValues>,
  ): void {
    // A failure is reported by `columns`, which may be called later or, after an abort, never.
    values.catch(() => {});
    list.set(number, values);
  }

  /** The columns of the video, once every wanted frame was added. */
  async columns(): Promise<number[]> {
    const settled = async (list: ReadonlyMap<number, Promise<FeatureValues>>) =>
      new Map(await Promise.all([...list].map(async ([number, values]) => [number, await values] as const)));
    const [samples, sharpness] = await Promise.all([settled(this.samples), settled(this.sharpness)]);
    return pooledFeatures(
      this.plan,
      (frame) => samples.get(frame)!,
      (frame) => sharpness.get(frame)!,
    );
  }
}
