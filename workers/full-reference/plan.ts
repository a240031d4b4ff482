/** Size, depth and range that the luma of two videos is compared in. Pure. */
import { CodedError } from '../../core/errors.ts';
import type { VideoFacts } from '../media/api.ts';
import type { ComparedLuma } from './api.ts';

/** Largest ratio of two aspect ratios that counts as the same shape: 848 × 480 and 1920 × 1080 differ by 0.6 %. */
const SAME_SHAPE = 1.01;

export type ComparedFacts = Pick<VideoFacts, 'width' | 'height' | 'bitDepth' | 'colour'>;

export const peakOf = (bitDepth: number): number => 2 ** bitDepth - 1;

/** @throws CodedError `compare/aspect` */
export function planComparison(a: ComparedFacts, b: ComparedFacts): ComparedLuma {
  const ratio = (a.width * b.height) / (a.height * b.width);
  if (Math.max(ratio, 1 / ratio) > SAME_SHAPE)
    throw new CodedError('compare/aspect', {
      a: `${a.width} × ${a.height}`,
      b: `${b.width} × ${b.height}`,
    });
  const pixels = (of: ComparedFacts) => of.width * of.height;
  const larger = pixels(b) > pixels(a) ? b : a;
  const same = a.width === b.width && a.height === b.height;
  const bitDepth = a.bitDepth > b.bitDepth ? a.bitDepth : b.bitDepth;
  return {
    width: larger.width,
    height: larger.height,
    bitDepth,
    peak: peakOf(bitDepth),
    range: a.colour.range,
    resized: same ? null : larger === a ? 'b' : 'a',
    mixedMatrices: a.colour.matrix !== b.colour.matrix,
  };
}

/** Memory in bytes that the frames of both sides may take while they wait for their partners. */
const WAITING_BYTES = 128e6;
const MOST_WAITING = 8;

/** Frames of a side that may wait: at least two, so that decoding and comparing overlap. */
export function waitingFrames(sides: readonly ComparedFacts[]): number {
  const bytes = ({ width, height, bitDepth }: ComparedFacts) => width * height * 1.5 * (bitDepth > 8 ? 2 : 1);
  const pair = sides.reduce((sum, side) => sum + bytes(side), 0);
  return Math.min(MOST_WAITING, Math.max(2, Math.floor(WAITING_BYTES / pair)));
}

type Scale = Pick<ComparedLuma, 'bitDepth' | 'range'>;

/** Sample values of one depth and range as those of another, clamped; null where they are the same. */
export function lumaTable(from: Scale, to: Scale): Uint16Array | null {
  if (from.bitDepth === to.bitDepth && from.range === to.range) return null;
  const black = ({ bitDepth, range }: Scale) => (range === 'full' ? 0 : 16 << (bitDepth - 8));
  const span = ({ bitDepth, range }: Scale) => (range === 'full' ? peakOf(bitDepth) : 219 << (bitDepth - 8));
  const factor = span(to) / span(from);
  const peak = peakOf(to.bitDepth);
  return Uint16Array.from({ length: peakOf(from.bitDepth) + 1 }, (_, value) =>
    Math.min(peak, Math.max(0, Math.round((value - black(from)) * factor + black(to)))),
  );
}
