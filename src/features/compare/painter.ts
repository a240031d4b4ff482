/** Painter of the viewer: both sides on one canvas, so that they are always drawn together. */

import { writeDifference } from './difference.ts';
import type { SideImage } from './side-image.ts';
import type { CompareSettings } from './state/settings.ts';
import type { SideName } from './state/store.ts';
import { type Box, containIn, imageBox, type Pane, panesOf, type Size } from './viewport.ts';

/** Colour of a frame of zeros: the mean of ImageNet's normalisation. */
export const ZEROS = [124, 116, 104] as const;

export interface Scene {
  readonly settings: CompareSettings;
  /** The side shown alone while its key is held. */
  readonly only: SideName | null;
  readonly sides: Readonly<Record<SideName, SideImage>>;
  /** Full resolution of each side. */
  readonly sizes: Readonly<Record<SideName, Size>>;
}

export interface Drawn {
  /** Mean absolute difference in the difference view, else null. */
  readonly mean: number | null;
}

export class Painter {
  private readonly context: CanvasRenderingContext2D;
  private readonly difference = document.createElement('canvas');
  private differenceKey = '';
  private differenceMean = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d', { alpha: false }) as CanvasRenderingContext2D;
  }

  /** @param background colour beside the image */
  draw(scene: Scene, background: string): Drawn {
    const { context } = this;
    const { canvas } = context;
    const { settings, only, sizes } = scene;
    context.globalAlpha = 1;
    context.fillStyle = background;
    context.fillRect(0, 0, canvas.width, canvas.height);
    let mean: number | null = null;
    for (const pane of panesOf(settings.view, canvas, settings.swapped, only)) {
      context.save();
      clip(context, pane);
      const box = imageBox(sizes.a, pane, settings);
      const [below, above] = pane.sides as [SideName, SideName?];
      if (!above) this.drawSide(scene, below, box, box.scale);
      else if (settings.view === 'difference') mean = this.drawDifference(scene, box, box.scale);
      else {
        const split = settings.view === 'split';
        // Each side is clipped to its part: half the pixels to scale, and no edge of one beside the other.
        this.drawPart(scene, below, box, split ? splitPart(pane, settings, 0) : null);
        if (!split) context.globalAlpha = settings.opacity;
        this.drawPart(scene, above, box, split ? splitPart(pane, settings, 1) : null);
      }
      context.restore();
    }
    return { mean };
  }

  private drawPart(
    scene: Scene,
    name: SideName,
    box: Box & { readonly scale: number },
    part: Box | null,
  ): void {
    this.context.save();
    if (part) clip(this.context, part);
    this.drawSide(scene, name, box, box.scale);
    this.context.restore();
  }

  private drawSide({ sides, sizes }: Scene, name: SideName, box: Box, scale: number): void {
    const { context } = this;
    const side = sides[name];
    const sideBox = name === 'b' ? containIn(sizes.b, box) : box;
    if (side.quality === 'zeros') {
      context.fillStyle = `rgb(${ZEROS.join(' ')})`;
      context.fillRect(sideBox.x, sideBox.y, sideBox.width, sideBox.height);
      return;
    }
    if (side.blank) return;
    // Magnified pixels stay sharp.
    context.imageSmoothingEnabled = !(side.quality === 'full' && scale >= 2);
    // Better quality for frames at rest.
    context.imageSmoothingQuality = side.quality === 'full' ? 'medium' : 'low';
    context.drawImage(side.canvas, sideBox.x, sideBox.y, sideBox.width, sideBox.height);
  }

  private drawDifference(scene: Scene, box: Box, scale: number): number | null {
    const { sides, settings } = scene;
    const { a, b } = sides;
    if (a.blank || b.blank) return null;
    const key = [a.version, a.quality, b.version, b.quality, settings.gain, settings.luma].join();
    if (key !== this.differenceKey) {
      this.differenceKey = key;
      const { width, height } = a.canvas;
      this.difference.width = width;
      this.difference.height = height;
      const out = new Uint8ClampedArray(width * height * 4);
      const [first, second] = [a, b].map((side) => pixelsAt(side, width, height));
      this.differenceMean = writeDifference(first!, second!, settings.gain, settings.luma, out).mean;
      this.difference.getContext('2d')?.putImageData(new ImageData(out, width, height), 0, 0);
    }
    this.context.imageSmoothingEnabled = scale < 2;
    this.context.drawImage(this.difference, box.x, box.y, box.width, box.height);
    return this.differenceMean;
  }
}

function clip(context: CanvasRenderingContext2D, { x, y, width, height }: Box): void {
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
}

/** Part of a pane before the split handle (0) or beyond it (1). */
function splitPart(pane: Pane, { split, horizontal }: CompareSettings, half: 0 | 1): Box {
  const { x, y, width, height } = pane;
  const cut = Math.round((horizontal ? height : width) * split);
  if (horizontal)
    return half === 0 ? { ...pane, height: cut } : { x, y: y + cut, width, height: height - cut };
  return half === 0 ? { ...pane, width: cut } : { x: x + cut, y, width: width - cut, height };
}

/** RGBA of a side scaled to a size; another aspect ratio is letterboxed, as on the canvas. */
function pixelsAt(side: SideImage, width: number, height: number): ArrayLike<number> {
  if (side.quality === 'zeros') {
    const flat = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let i = 0; i < flat.length; i += 4) flat.set(ZEROS, i);
    return flat;
  }
  if (side.canvas.width === width && side.canvas.height === height) return side.rgba;
  const scaled = document.createElement('canvas');
  scaled.width = width;
  scaled.height = height;
  const context = scaled.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D;
  const box = containIn(side.canvas, { x: 0, y: 0, width, height });
  context.drawImage(side.canvas, box.x, box.y, box.width, box.height);
  return context.getImageData(0, 0, width, height).data;
}
