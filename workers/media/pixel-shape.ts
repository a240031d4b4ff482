/** Shape of a pixel (sample aspect ratio): a picture whose pixels are not square is stretched where it is shown. */
import type { MediaNotice } from '../../core/text/media-notices.ts';

/** Width of a pixel to its height, in lowest terms. */
export interface PixelShape {
  readonly width: number;
  readonly height: number;
}

/** Shapes by `aspect_ratio_idc` of H.264 and HEVC (ITU-T H.273, table of sample aspect ratios); 0 states none. */
const SHAPES: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];

/** Sides that differ more are a damaged header. */
const MOST = 16;

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** A shape from two counts; undefined where they state none or none that can be. */
export function pixelShapeOf(width: number, height: number): PixelShape | undefined {
  if (!(width > 0) || !(height > 0)) return undefined;
  if (width > MOST * height || height > MOST * width) return undefined;
  const by = divisor(width, height);
  return { width: width / by, height: height / by };
}

/** The shape that an `aspect_ratio_idc` names. */
export function pixelShapeOfIndex(index: number): PixelShape | undefined {
  const [width, height] = SHAPES[index] ?? [0, 0];
  return pixelShapeOf(width, height);
}

/** Size of a picture as shown: as `scale=iw*sar:ih` of ffmpeg makes it, to the nearest pixel. */
export function shownSize(size: { readonly width: number; readonly height: number }, shape: PixelShape) {
  return { width: Math.round((size.width * shape.width) / shape.height), height: size.height };
}

/**
 * The container's shape, as ffmpeg has it; else that of the stream. Matroska states a shown size in whole pixels: where it is
 * that of the stream's shape, the stream's is the exact one.
 */
export function statedShape(
  container: PixelShape | undefined,
  stream: PixelShape | undefined,
  size: { readonly width: number; readonly height: number },
): PixelShape | undefined {
  if (!container || !stream) return container ?? stream;
  return shownSize(size, container).width === shownSize(size, stream).width ? stream : container;
}

/**
 * The notice of pixels that are not square.
 *
 * @param size of the picture as stored, rotation applied
 * @param upright false where the rotation has exchanged the sides
 */
export function pixelShapeNotices(
  size: { readonly width: number; readonly height: number },
  stored: PixelShape | undefined,
  upright: boolean,
): MediaNotice[] {
  if (!stored || stored.width === stored.height) return [];
  const shape = upright ? stored : { width: stored.height, height: stored.width };
  const shown = shownSize(size, shape);
  const params = {
    shape: `${shape.width}:${shape.height}`,
    width: size.width,
    height: size.height,
    shownWidth: shown.width,
    shownHeight: shown.height,
  };
  return [{ code: 'pixel-shape', params }];
}
