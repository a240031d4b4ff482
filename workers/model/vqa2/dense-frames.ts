/** Dense frames of a clip as they arrive from the decoder, for a motion block that is computed meanwhile. */
import { writePlanes } from '../../../core/vqa2/pixels.ts';
import { type BlockEncoders, type DenseClip, motionBlock } from './blocks.ts';

export interface MotionShape {
  /** Side of a frame in pixels. */
  readonly side: number;
  /** Neighbours on each side that a token depends on. */
  readonly halo: number;
  /** Most dense frames. */
  readonly limit: number;
}

/** Dense frames computed at once, besides their halo: at 384 pixels a frame of the network's input takes 1.8 MB. */
export const CHUNK = 32;

export class DenseFrames {
  /** Motion tokens [T, D]; rejects where a run of the network fails, or after `drop`. */
  readonly tokens: Promise<Float32Array>;
  readonly total: number;
  /** Motion tokens that are computed. */
  done = 0;
  readonly #frames = new Map<number, Uint8Array>();
  readonly #most: number;
  #arrived: PromiseWithResolvers<void> = Promise.withResolvers();
  #settled = false;
  #dropped = false;

  constructor(motion: BlockEncoders['motion'], total: number, { side, halo, limit }: MotionShape) {
    this.total = total;
    this.#most = 2 * (CHUNK + 2 * halo);
    const clip: DenseClip = { frames: total, read: (first, end) => this.#read(first, end, side) };
    const counted: BlockEncoders['motion'] = async (pixels, positions) => {
      const tokens = await motion(pixels, positions);
      this.done = Math.min(total, this.done + CHUNK);
      this.#wake();
      return tokens;
    };
    this.tokens = motionBlock({ motion: counted }, clip, { chunk: CHUNK, halo, limit }).finally(() => {
      this.#settled = true;
      this.#frames.clear();
      this.#wake();
    });
    // Whoever asks for the tokens hears of a failure.
    this.tokens.catch(() => {});
  }

  /** Takes a frame. Resolves when fewer wait than two runs of the network need. */
  async add(position: number, rgb: Uint8Array): Promise<void> {
    if (this.#settled) return;
    this.#frames.set(position, rgb);
    this.#wake();
    // Frames that wait for a neighbour are at most one chunk and its halo, so this ends.
    while (this.#frames.size > this.#most && !this.#settled) await this.#arrived.promise;
  }

  /** Ends the block: no further frame will come. */
  drop(): void {
    this.#dropped = true;
    this.#wake();
  }

  #wake(): void {
    const { resolve } = this.#arrived;
    this.#arrived = Promise.withResolvers();
    resolve();
  }

  async #read(first: number, end: number, side: number): Promise<Float32Array> {
    for (const position of this.#frames.keys()) if (position < first) this.#frames.delete(position);
    const missing = () => {
      for (let position = first; position < end; position++) if (!this.#frames.has(position)) return true;
      return false;
    };
    while (missing()) {
      if (this.#dropped) throw new DOMException('the frames of the clip were dropped', 'AbortError');
      await this.#arrived.promise;
    }
    const size = 3 * side * side;
    const planes = new Float32Array((end - first) * size);
    for (let position = first; position < end; position++)
      writePlanes(this.#frames.get(position)!, side, planes, (position - first) * size);
    return planes;
  }
}
