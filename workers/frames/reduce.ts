/** From the planes of a frame to a small 8-bit YUV 4:2:0 picture: each sample is the mean of the box it stands for. */
import type { PlaneLayout, Planes } from '../media/planes.ts';
import type { Rotation } from '../media/yuv.ts';
import { planesBytes } from './plan.ts';

/** Edges of the boxes: box i is [edges[i], edges[i + 1]), never empty. */
function boxes(from: number, to: number): Uint32Array {
  return Uint32Array.from({ length: to + 1 }, (_, i) => Math.floor((i * from) / to));
}

/**
 * Means of the boxes of one plane. `to` must not be larger than the plane.
 *
 * @param drop bits to drop from each sample, to come to 8
 */
function reducePlane(
  samples: Uint8Array | Uint16Array,
  { offset, stride, step }: PlaneLayout,
  [width, height]: readonly [number, number],
  drop: number,
  [toWidth, toHeight]: readonly [number, number],
): Uint8Array {
  const out = new Uint8Array(toWidth * toHeight);
  if (width === toWidth && height === toHeight) {
    for (let y = 0, at = 0; y < height; y++) {
      const row = offset + y * stride;
      if (step === 1 && drop === 0) out.set(samples.subarray(row, row + width), at);
      else for (let x = 0; x < width; x++) out[at + x] = samples[row + x * step]! >> drop;
      at += width;
    }
    return out;
  }
  const columns = boxes(width, toWidth);
  const rows = boxes(height, toHeight);
  const sums = new Uint32Array(toWidth);
  for (let j = 0; j < toHeight; j++) {
    const [top, bottom] = [rows[j]!, Math.max(rows[j + 1]!, rows[j]! + 1)];
    sums.fill(0);
    for (let y = top; y < bottom; y++) {
      const row = offset + y * stride;
      for (let i = 0; i < toWidth; i++) {
        const right = columns[i + 1]!;
        let x = columns[i]!;
        let sum = samples[row + x * step]!;
        for (x++; x < right; x++) sum += samples[row + x * step]!;
        sums[i]! += sum;
      }
    }
    for (let i = 0; i < toWidth; i++) {
      const count = Math.max(1, columns[i + 1]! - columns[i]!) * (bottom - top);
      out[j * toWidth + i] = Math.min(255, ((sums[i]! + (count >> 1)) / count) >> drop);
    }
  }
  return out;
}

/** A plane turned clockwise and then mirrored, as the picture is shown. Size is that of the plane before. */
function turned(
  plane: Uint8Array,
  [width, height]: readonly [number, number],
  rotation: Rotation,
  mirrored: boolean,
): Uint8Array {
  if (rotation === 0 && !mirrored) return plane;
  const out = new Uint8Array(plane.length);
  const w = rotation % 180 === 0 ? width : height;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [tx, ty] =
        rotation === 0
          ? [x, y]
          : rotation === 180
            ? [width - 1 - x, height - 1 - y]
            : rotation === 90
              ? [height - 1 - y, x]
              : [y, width - 1 - x];
      out[ty * w + (mirrored ? w - 1 - tx : tx)] = plane[y * width + x]!;
    }
  return out;
}

/** Where Y, U and V lie in a kept picture. */
export function layoutOf(width: number, height: number) {
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  const u = width * height;
  return { chromaWidth, chromaHeight, u, v: u + chromaWidth * chromaHeight };
}

/**
 * @param planes coded orientation
 * @param width size of the result with the rotation applied, not larger than the picture
 * @param rgb the planes hold green, blue and red: BT.601 full range is made of them
 */
export function reduceFrame(
  planes: Planes,
  rotation: Rotation,
  width: number,
  height: number,
  rgb: boolean,
  mirrored = false,
): Uint8Array<ArrayBuffer> {
  const upright = rotation % 180 === 0;
  const coded = (w: number, h: number): [number, number] => (upright ? [w, h] : [h, w]);
  const { chromaWidth, chromaHeight, u, v } = layoutOf(width, height);
  const drop = planes.bitDepth - 8;
  const luma: [number, number] = [planes.width, planes.height];
  const chroma: [number, number] = [
    (planes.width + (1 << planes.shiftX) - 1) >> planes.shiftX,
    (planes.height + (1 << planes.shiftY) - 1) >> planes.shiftY,
  ];
  const make = (layout: PlaneLayout, from: [number, number], to: [number, number]) =>
    turned(reducePlane(planes.samples, layout, from, drop, to), to, rotation, mirrored);
  const out = new Uint8Array(planesBytes(width, height));
  if (rgb) {
    const size = coded(width, height);
    // Where the planes are RGB, `y` is green, `u` blue and `v` red (`identity` of H.273).
    writeYuv(make(planes.v, luma, size), make(planes.y, luma, size), make(planes.u, luma, size), width, out);
    return out;
  }
  const small = coded(chromaWidth, chromaHeight);
  out.set(make(planes.y, luma, coded(width, height)), 0);
  out.set(make(planes.u, chroma, small), u);
  out.set(make(planes.v, chroma, small), v);
  return out;
}

/** BT.601 full range (JFIF); chroma is the mean of its four pixels. */
function writeYuv(r: Uint8Array, g: Uint8Array, b: Uint8Array, width: number, out: Uint8Array): void {
  const height = r.length / width;
  const { chromaWidth, chromaHeight, u, v } = layoutOf(width, height);
  for (let i = 0; i < r.length; i++) out[i] = Math.round(0.299 * r[i]! + 0.587 * g[i]! + 0.114 * b[i]!);
  for (let y = 0; y < chromaHeight; y++)
    for (let x = 0; x < chromaWidth; x++) {
      const right = Math.min(2 * x + 1, width - 1);
      const below = Math.min(2 * y + 1, height - 1) * width;
      const mean = (plane: Uint8Array) =>
        (plane[2 * y * width + 2 * x]! +
          plane[2 * y * width + right]! +
          plane[below + 2 * x]! +
          plane[below + right]!) /
        4;
      const [red, green, blue] = [mean(r), mean(g), mean(b)];
      const at = y * chromaWidth + x;
      out[u + at] = clamp(128 - 0.168736 * red - 0.331264 * green + 0.5 * blue);
      out[v + at] = clamp(128 + 0.5 * red - 0.418688 * green - 0.081312 * blue);
    }
}

const clamp = (x: number): number => Math.max(0, Math.min(255, Math.round(x)));
