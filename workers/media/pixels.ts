/** From the planes of a frame to what the model, the strip and the viewer look at. */
import { fragmentPlan } from '../../core/sampling/fragments.ts';
import type { ColourFacts, FrameImage, PixelRule } from './api.ts';
import type { Planes } from './planes.ts';
import { resizeRgb } from './resize.ts';
import {
  type ColourTables,
  colourTables,
  type Region,
  type Rotation,
  shownSize,
  type Target,
  writeRgb,
} from './yuv.ts';

/** One decoded frame; pictures made of it share what they have in common. */
export class FramePixels {
  /** Shown size, rotation applied. */
  readonly width: number;
  readonly height: number;
  private readonly planes: Planes;
  private readonly tables: ColourTables;
  private readonly rotation: Rotation;
  private readonly mirrored: boolean;
  private whole: Uint8ClampedArray<ArrayBuffer> | undefined;

  constructor(planes: Planes, tables: ColourTables, rotation: Rotation, mirrored = false) {
    this.planes = planes;
    this.tables = tables;
    this.rotation = rotation;
    this.mirrored = mirrored;
    ({ width: this.width, height: this.height } = shownSize(planes, rotation));
  }

  /** The model's input, RGB [size, size, 3]. */
  input(rule: PixelRule, size: number): Uint8Array<ArrayBuffer> {
    return rule.pixels === 'squash' ? this.resized(size, size) : this.fragments(size, rule.cell);
  }

  /** Blocks of native pixels side by side; nothing but the blocks is converted. */
  private fragments(size: number, cell: number): Uint8Array<ArrayBuffer> {
    const plan = fragmentPlan(this.width, this.height, size, cell);
    const out = new Uint8ClampedArray(size * size * 3);
    const stride = size * 3;
    const scaled = plan.scaled ? this.resized(plan.width, plan.height) : null;
    for (const [j, y] of plan.y.entries())
      for (const [i, x] of plan.x.entries()) {
        const offset = j * cell * stride + i * cell * 3;
        if (scaled) copyBlock(scaled, (y * plan.width + x) * 3, plan.width * 3, out, offset, stride, cell);
        else {
          const region = { x, y, width: cell, height: cell, step: 1 };
          this.write(region, { bytes: out, offset, stride, channels: 3 });
        }
      }
    return new Uint8Array(out.buffer);
  }

  private resized(width: number, height: number): Uint8Array<ArrayBuffer> {
    return resizeRgb(this.rgba(), this.width, this.height, width, height, 4);
  }

  private rgba(): Uint8ClampedArray<ArrayBuffer> {
    this.whole ??= this.convert(1);
    return this.whole;
  }

  /** The whole frame, RGBA; its memory is kept for other pictures of this frame. */
  image(): FrameImage {
    return { width: this.width, height: this.height, rgba: this.rgba() };
  }

  /** The frame at a height in pixels with the shown aspect, RGBA; a frame that is lower keeps its size. */
  thumbnail(height: number): FrameImage {
    const to = Math.min(height, this.height);
    const width = Math.max(1, Math.round((this.width * to) / this.height));
    // Twice the size is enough for an antialiased picture; the pixels between are not looked at.
    const step = Math.max(1, Math.floor(this.height / (2 * to)));
    const [w, h] = [Math.ceil(this.width / step), Math.ceil(this.height / step)];
    const rgb = resizeRgb(step === 1 ? this.rgba() : this.convert(step), w, h, width, to, 4);
    const rgba = new Uint8ClampedArray(width * to * 4).fill(255);
    for (let from = 0, at = 0; from < rgb.length; from += 3, at += 4) {
      rgba[at] = rgb[from]!;
      rgba[at + 1] = rgb[from + 1]!;
      rgba[at + 2] = rgb[from + 2]!;
    }
    return { width, height: to, rgba };
  }

  /** Every `step`-th pixel of every `step`-th row, RGBA. */
  private convert(step: number): Uint8ClampedArray<ArrayBuffer> {
    const columns = Math.ceil(this.width / step);
    const bytes = new Uint8ClampedArray(columns * Math.ceil(this.height / step) * 4);
    const region = { x: 0, y: 0, width: this.width, height: this.height, step };
    this.write(region, { bytes, offset: 0, stride: columns * 4, channels: 4 });
    return bytes;
  }

  private write(region: Region, target: Target): void {
    writeRgb(this.planes, this.tables, this.rotation, region, target, this.mirrored);
  }
}

function copyBlock(
  from: Uint8Array,
  start: number,
  fromStride: number,
  to: Uint8ClampedArray,
  offset: number,
  toStride: number,
  cell: number,
): void {
  for (let row = 0; row < cell; row++)
    to.set(
      from.subarray(start + row * fromStride, start + row * fromStride + cell * 3),
      offset + row * toStride,
    );
}

/** Tables of each colour and bit depth, made once: few videos are open at a time, and all of one alike. */
export function tablesOf(): (
  colour: Pick<ColourFacts, 'matrix' | 'range'>,
  bitDepth: Planes['bitDepth'],
) => ColourTables {
  const made = new Map<string, ColourTables>();
  return (colour, bitDepth) => {
    const key = `${colour.matrix} ${colour.range} ${bitDepth}`;
    let tables = made.get(key);
    if (!tables) {
      tables = colourTables(colour, bitDepth);
      made.set(key, tables);
    }
    return tables;
  };
}
