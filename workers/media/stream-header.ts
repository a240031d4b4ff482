import type { PixelShape } from './pixel-shape.ts';

/** Frame properties from a bitstream's headers. Numbers of colour are the code points of ITU-T H.273. */
export interface StreamHeader {
  readonly bitDepth: 8 | 10 | 12;
  readonly chroma: '4:2:0' | '4:2:2' | '4:4:4' | 'mono';
  /** Matrix coefficients; undefined or 2 when the stream states none. */
  readonly matrix?: number | undefined;
  readonly transfer?: number | undefined;
  /** undefined when the stream does not say. */
  readonly fullRange?: boolean | undefined;
  readonly pixelShape?: PixelShape | undefined;
  /** Size of the decoded picture in pixels, cropping applied; absent where the header does not state it. */
  readonly size?: { readonly width: number; readonly height: number } | undefined;
}

const CHROMA = ['mono', '4:2:0', '4:2:2', '4:4:4'] as const;

/** `chroma_format_idc` of H.264 and HEVC. */
export function chromaOf(idc: number): StreamHeader['chroma'] {
  const chroma = CHROMA[idc];
  if (chroma === undefined) throw new RangeError(`chroma_format_idc ${idc} does not exist.`);
  return chroma;
}

/** 9 bits and the like are handed over by decoders in the next larger format. */
export function depthOf(bits: number): StreamHeader['bitDepth'] {
  return bits <= 8 ? 8 : bits <= 10 ? 10 : 12;
}

/** Largest side of a picture in pixels: 2^16, as AV1 and VP9 allow. */
const MAX_SIDE = 65536;

/** The size where it can be one; a damaged header gives sides of nothing or of millions. */
export function sizeOf(size: NonNullable<StreamHeader['size']>): Pick<StreamHeader, 'size'> {
  const possible = (side: number) => side > 0 && side <= MAX_SIDE;
  return possible(size.width) && possible(size.height) ? { size } : {};
}
