/**
 * Decoded planes as the quality features read them: 8-bit 4:2:0 of the limited range at the coded size. The published
 * tables were made of frames that ffmpeg had converted so; 8-bit 4:2:0 frames of the limited range are taken as they are.
 */
import type { FramePlanes } from '../features/frame-features.ts';
import type { ColourFacts } from './api.ts';
import type { PlaneLayout, Planes } from './planes.ts';

/** 8-bit value of the limited range for each sample value. */
function table(bitDepth: number, full: boolean, from: number, levels: number): Uint8ClampedArray {
  const [unit, zero] = [2 ** (bitDepth - 8), from === 16 ? 0 : 128];
  return Uint8ClampedArray.from({ length: 1 << bitDepth }, (_, value) =>
    Math.floor((full ? from + ((value / unit - zero) * levels) / 255 : value / unit) + 0.5),
  );
}

/** Samples of a plane averaged `1 << shiftX` by `1 << shiftY`, each through a table; a group at the edge may be cut. */
function reduced(
  { samples }: Planes,
  { offset, stride, step }: PlaneLayout,
  [width, height]: readonly [number, number],
  [shiftX, shiftY]: readonly [number, number],
  values: Uint8ClampedArray,
): Uint8Array {
  const [columns, rows] = [(width + shiftX) >> shiftX, (height + shiftY) >> shiftY];
  const out = new Uint8Array(columns * rows);
  if (shiftX === 0 && shiftY === 0) {
    for (let y = 0, i = 0; y < rows; y++)
      for (let x = 0, at = offset + y * stride; x < columns; x++, i++, at += step)
        out[i] = values[samples[at]!]!;
    return out;
  }
  for (let y = 0, i = 0; y < rows; y++)
    for (let x = 0; x < columns; x++, i++) {
      let [sum, count] = [0, 0];
      for (let v = y << shiftY; v < Math.min((y + 1) << shiftY, height); v++)
        for (let u = x << shiftX; u < Math.min((x + 1) << shiftX, width); u++) {
          sum += values[samples[offset + v * stride + u * step]!]!;
          count++;
        }
      out[i] = count === 1 ? sum : Math.floor(sum / count + 0.5);
    }
  return out;
}

/** Green, blue and red planes of 8 bits as YCbCr (BT.601, limited range), one plane after the other. */
function fromRgb({ width, height, samples, y: green, u: blue, v: red }: Planes): Planes {
  const size = width * height;
  const out = new Uint8Array(3 * size);
  const at = ({ offset, stride, step }: PlaneLayout, x: number, y: number) =>
    samples[offset + y * stride + x * step]!;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const [r, g, b] = [at(red, x, y), at(green, x, y), at(blue, x, y)];
      const luma = 0.299 * r + 0.587 * g + 0.114 * b;
      out[i] = Math.floor(16.5 + (luma * 219) / 255);
      out[size + i] = Math.floor(128.5 + ((b - luma) * 112) / (255 * 0.886));
      out[2 * size + i] = Math.floor(128.5 + ((r - luma) * 112) / (255 * 0.701));
    }
  const plane = (k: number): PlaneLayout => ({ offset: k * size, stride: width, step: 1 });
  return {
    width,
    height,
    bitDepth: 8,
    shiftX: 0,
    shiftY: 0,
    samples: out,
    y: plane(0),
    u: plane(1),
    v: plane(2),
  };
}

/** A copy of a frame's planes in the form that the features read; 4:2:2 and 4:4:4 chroma is averaged. */
export function featurePlanes(planes: Planes, colour: Pick<ColourFacts, 'matrix' | 'range'>): FramePlanes {
  if (colour.matrix === 'identity')
    return featurePlanes(fromRgb(planes), { matrix: 'bt601', range: 'limited' });
  const { width, height, bitDepth, shiftX, shiftY } = planes;
  const full = colour.range === 'full';
  const size = [(width + shiftX) >> shiftX, (height + shiftY) >> shiftY] as const;
  const left = [1 - shiftX, 1 - shiftY] as const;
  const [luma, chroma] = [table(bitDepth, full, 16, 219), table(bitDepth, full, 128, 224)];
  return {
    width,
    height,
    y: reduced(planes, planes.y, [width, height], [0, 0], luma),
    cb: reduced(planes, planes.u, size, left, chroma),
    cr: reduced(planes, planes.v, size, left, chroma),
  };
}
