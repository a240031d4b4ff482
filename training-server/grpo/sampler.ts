/**
 * Order of the training videos. An epoch visits every video once in seeded order; an incomplete last batch is dropped, as
 * the released sampler does. A batch is a function of its number, so that a resume needs only that.
 */
import { CodedError } from '../../core/errors.ts';
import { seededRandom } from '../../core/stats/random.ts';

export class Sampler {
  readonly videos: number;
  readonly size: number;
  readonly #seed: string;
  #pass: { epoch: number; order: readonly number[] } | null = null;

  /**
   * @param size videos in a batch
   * @throws CodedError `train/recipe` when there are fewer videos than that
   */
  constructor(videos: number, size: number, seed: string) {
    if (videos < size)
      throw new CodedError('train/recipe', {
        field: 'videosPerStep',
        problem: `is ${size}, and the sources have ${videos} videos`,
      });
    this.videos = videos;
    this.size = size;
    this.#seed = seed;
  }

  get batchesPerEpoch(): number {
    return Math.floor(this.videos / this.size);
  }

  epochOf(batch: number): number {
    return Math.floor(batch / this.batchesPerEpoch);
  }

  /** Indices [size] into the list of videos, all different. */
  batch(number: number): readonly number[] {
    const epoch = this.epochOf(number);
    if (this.#pass?.epoch !== epoch)
      this.#pass = { epoch, order: seededRandom(`${this.#seed}/order/${epoch}`).permutation(this.videos) };
    const from = (number % this.batchesPerEpoch) * this.size;
    return this.#pass.order.slice(from, from + this.size);
  }
}
