/** Image of a side on the canvas: the full-resolution frame if it is decoded, else its proxy frame. */

import type { FrameImages } from './state/frame-images.ts';
import type { Side } from './state/store.ts';
import { NO_FRAME } from './state/timeline.ts';
import type { Size } from './viewport.ts';

/** `zeros`: a removed frame. `pending`: not decoded yet, the previous frame stays. */
export type Quality = 'full' | 'proxy' | 'zeros' | 'pending';

export class SideImage {
  readonly canvas = document.createElement('canvas');
  /** RGBA of the canvas. */
  rgba: Uint8ClampedArray<ArrayBuffer> = new Uint8ClampedArray();
  quality: Quality = 'pending';
  /** Frame that is drawn in place of one that cannot be decoded. */
  substituted: number | undefined;
  /** Size of the full-resolution frame shown, which may differ from the video's; undefined for a proxy frame. */
  size: Size | undefined;
  /** Incremented with every change of the pixels. */
  version = 0;
  private readonly context = this.canvas.getContext('2d') as CanvasRenderingContext2D;
  private shown = '';
  private scratch: Uint8ClampedArray<ArrayBuffer> = new Uint8ClampedArray();

  /** True before the first frame. */
  get blank(): boolean {
    return this.rgba.length === 0;
  }

  /**
   * Draws the best image of a frame that is available.
   *
   * @param fullOnly skips proxy frames: the previous image stays until the full-resolution frame is decoded
   */
  show(side: Side, frame: number, frameImages: FrameImages, fullOnly: boolean): Quality {
    this.substituted = undefined;
    this.size = undefined;
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
      this.substituted = image.substituted;
      this.size = { width: image.width, height: image.height };
    } else if (side.frames.has(frame) && (!fullOnly || side.frames.exact(frame))) {
      const { width, height } = side.frames.plan;
      this.put(`${id}/${frame}`, width, height, () => {
        const bytes = width * height * 4;
        if (this.scratch.length !== bytes) this.scratch = new Uint8ClampedArray(bytes);
        side.frames.paint(frame, this.scratch);
        return this.scratch;
      });
      this.quality = side.frames.exact(frame) ? 'full' : 'proxy';
      this.substituted = side.frames.substituted(frame);
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
