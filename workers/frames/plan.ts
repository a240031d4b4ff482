/** Size and number of the proxy frames of a video that fit into a memory budget. Pure. */
import type { StorePlan } from './api.ts';

/** Pixels of a kept frame where the cap allows: 576 × 324, or as many in another shape. */
const USUAL_PIXELS = 576 * 324;
/** Below this a picture says too little; longer videos are kept in part. */
const LEAST_PIXELS = 256 * 144;
/** A video up to this size is kept as it is, if all of it fits: drawing it costs no more than a reduced one. */
const EXACT_PIXELS = 960 * 540;

/** Properties of a video on which the plan depends. */
export interface PlannedVideo {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly bitDepth: number;
  readonly chroma: string;
  readonly rotation: number;
  readonly mirrored?: true;
}

/** Bytes of a YUV 4:2:0 picture of 8 bits. */
export function planesBytes(width: number, height: number): number {
  return width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
}

/** @param cap bytes that all kept frames may take together */
export function planStore(video: PlannedVideo, cap: number): StorePlan {
  const { width, height, frames } = video;
  const fullBytes = planesBytes(width, height);
  const even = width % 2 === 0 && height % 2 === 0;
  const plain =
    video.bitDepth === 8 && video.chroma === '4:2:0' && (even || (video.rotation === 0 && !video.mirrored));
  if (plain && width * height <= EXACT_PIXELS && fullBytes * frames <= cap)
    return { width, height, bytesPerFrame: fullBytes, frames, room: frames, exact: true };
  const affordable = cap / frames / 1.5;
  const pixels = Math.min(USUAL_PIXELS, Math.max(LEAST_PIXELS, affordable));
  const scale = Math.min(1, Math.sqrt(pixels / (width * height)));
  // Rounded down to even numbers, so that the frames fit in what was reckoned with.
  const side = (length: number) => Math.max(2, Math.floor((length * scale) / 2) * 2);
  const [w, h] = [side(width), side(height)];
  const bytesPerFrame = planesBytes(w, h);
  const room = Math.min(frames, Math.floor(cap / bytesPerFrame));
  return { width: w, height: h, bytesPerFrame, frames, room, exact: false };
}

/** The frames [from, to) to keep when there is room for so many and the reader is at one of them. */
export function storedRange(
  { frames, room }: Pick<StorePlan, 'frames' | 'room'>,
  at: number,
): [number, number] {
  if (room >= frames) return [0, frames];
  // Most of what is kept lies ahead.
  const from = Math.max(0, Math.min(frames - room, at - (room >> 3)));
  return [from, from + room];
}
