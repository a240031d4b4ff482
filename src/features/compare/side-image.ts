/** What one side shows now: a frame's true pixels where they are there, else its reduced copy. */

import type { FrameImages } from './state/frame-images.ts';
import type { Side } from './state/store.ts';
import { NO_FRAME } from './state/timeline.ts';

/** `zeros`: a frame that was taken away. `late`: the frame is not there yet, the one before still stands. */
export type Quality = 'full' | 'proxy' | 'zeros' | 'pending';

export class SideImage {
  readonly canvas = document.createElement('canvas');
  /** What the canvas holds, as RGBA. */
  rgba: Uint8ClampedArray<ArrayBuffer> = new Uint8ClampedArray();
  quality: Quality = 'pending';
  /** Grows with every change of the pixels. */
  version = 0;
  private readonly context = this.canvas.getContext('2d') as CanvasRenderingContext2D;
  private shown = '';
  private scratch: Uint8ClampedArray<ArrayBuffer> = new Uint8ClampedArray();

  /** Whether there is anything to draw. */
  get blank(): boolean {
    return this.rgba.length === 0;
  }

  /**
   * Brings a frame onto the canvas in the best form that is there.
   *
   * @param trueOnly a reduced copy will not do: the picture before stays until the true pixels are there
   */
  show(side: Side, frame: number, frameImages: FrameImages, fullOnly: boolean): Quality {
    if (frame === NO_FRAME) {
      this.shown = '';
      this.quality = 'zeros';
      return this.quality;
    }
    const { id } = side.video;
    const image = frameImages.get(id, frame);
    if (image) {
      this.put(`${id}/${frame}/true`, image.width, image.height, () => image.rgba);
      this.quality = 'full';
    } else if (side.frames.has(frame) && (!fullOnly || side.frames.exact(frame))) {
      const { width, height } = side.frames.plan;
      this.put(`${id}/${frame}`, width, height, () => {
        const bytes = width * height * 4;
        if (this.scratch.length !== bytes) this.scratch = new Uint8ClampedArray(bytes);
        side.frames.paint(frame, this.scratch);
        return this.scratch;
      });
      this.quality = side.frames.exact(frame) ? 'full' : 'proxy';
    } else this.quality = 'pending';
    return this.quality;
  }

  private put(
    key: string,
    width: number,
    height: number,
    pixels: () => Uint8ClampedArray<ArrayBuffer>,
  ): void {
    if (key === this.shown) return;
    this.shown = key;
    this.rgba = pixels();
    this.version++;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.context.putImageData(new ImageData(this.rgba, width, height), 0, 0);
  }
}
