import type { Profile } from '../../../core/sampling/profiles.ts';
import type { DeliveredFrame, FeatureReport } from '../../../workers/media/api.ts';
import { type FrameRange, pixelRules } from './frame-plan.ts';

const keyOf = ({ from, frames }: FrameRange) => `${from} ${frames}`;

/**
 * Decoded frames of one video by source index, kept from one run to the next. Its owner closes it.
 *
 * The frames hold the pixels of one input profile: `use` drops them when the profile takes others.
 */
export class DecodedFrames {
  readonly #frames = new Map<number, DeliveredFrame>();
  readonly #features = new Map<string, FeatureReport>();
  #pixels = '';

  /** Prepares for a profile; frames with another size or other pixel rules are dropped. */
  use(profile: Profile): void {
    const pixels = JSON.stringify([profile.size, pixelRules(profile).rules]);
    if (pixels !== this.#pixels) this.#frames.clear();
    this.#pixels = pixels;
  }

  has(index: number): boolean {
    return this.#frames.has(index);
  }

  get(index: number): DeliveredFrame | undefined {
    return this.#frames.get(index);
  }

  add(frame: DeliveredFrame): void {
    this.#frames.set(frame.index, frame);
  }

  /** Quality features of a range; they do not depend on the profile. */
  featuresOf(range: FrameRange): FeatureReport | undefined {
    return this.#features.get(keyOf(range));
  }

  addFeatures(range: FrameRange, features: FeatureReport): void {
    this.#features.set(keyOf(range), features);
  }

  values(): Iterable<DeliveredFrame> {
    return this.#frames.values();
  }

  /** Drops all frames; their thumbnails may still be shown. */
  clear(): void {
    this.#frames.clear();
    this.#features.clear();
  }

  /** Closes the thumbnails and drops all frames. */
  close(): void {
    for (const { thumbnail } of this.#frames.values()) thumbnail?.close();
    this.clear();
  }
}
