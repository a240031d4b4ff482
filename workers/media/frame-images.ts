/** RGB images and planes of decoded frames: model inputs, thumbnails, whole frames, luma and chroma of the quality features. */
import type { FramePlanes } from '../features/frame-features.ts';
import { transfer } from '../thread/rpc.ts';
import type { ColourFacts, FrameImage, FrameRequest } from './api.ts';
import { featurePlanes } from './feature-planes.ts';
import { FramePixels, tablesOf } from './pixels.ts';
import { PlaneReader } from './planes.ts';
import { colourTables, type Rotation } from './yuv.ts';

/** Properties that all frames of a video share. */
export interface FrameFacts {
  readonly colour: Pick<ColourFacts, 'matrix' | 'range'>;
  readonly rotation: Rotation;
  /** Left and right change places after the rotation. */
  readonly mirrored: boolean;
}

/** Model inputs and thumbnail made of one frame. */
export interface FrameImages {
  /** One [size, size, 3] picture for each rule. */
  readonly rgb: readonly Uint8Array<ArrayBuffer>[];
  readonly thumbnail?: ImageBitmap;
  /** Size of the frame as shown, in pixels. */
  readonly width: number;
  readonly height: number;
  /** The browser made the RGB. */
  readonly foreign: boolean;
}

/** Every method takes the frame over and closes it once its planes are copied. */
export interface PixelApi {
  images(
    frame: VideoFrame,
    facts: FrameFacts,
    request: Pick<FrameRequest, 'rules' | 'size' | 'thumbnail'>,
  ): Promise<FrameImages>;
  /** The whole frame, RGBA. */
  image(frame: VideoFrame, facts: FrameFacts): Promise<FrameImage>;
  /** Planes as the quality features read them, neither rotated nor mirrored. */
  planes(frame: VideoFrame, facts: FrameFacts): Promise<FramePlanes>;
}

const reader = new PlaneReader();
/** For frames that the browser has turned into RGB itself. */
const ready = colourTables({ matrix: 'identity', range: 'full' }, 8);
const tables = tablesOf();

/** Copies the planes, closes the frame, and lends the pixels to `use`. */
async function withPixels<T>(
  frame: VideoFrame,
  { colour, rotation, mirrored }: FrameFacts,
  use: (pixels: FramePixels, foreign: boolean) => T,
): Promise<T> {
  const planes = await reader.read(frame).finally(() => frame.close());
  const foreign = planes.fromRgb === true || planes.clipped === true;
  const tablesFor = planes.fromRgb ? ready : tables(colour, planes.bitDepth);
  try {
    return use(new FramePixels(planes, tablesFor, rotation, mirrored), foreign);
  } finally {
    reader.release(planes);
  }
}

function bitmapOf({ rgba, width, height }: FrameImage): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(rgba, width, height), { colorSpaceConversion: 'none' });
}

export const frameImages: PixelApi = {
  async images(frame, facts, { rules, size, thumbnail: low }) {
    const { rgb, small, width, height, foreign } = await withPixels(frame, facts, (pixels, foreign) => ({
      rgb: rules.map((rule) => pixels.input(rule, size)),
      small: low > 0 ? pixels.thumbnail(low) : null,
      width: pixels.width,
      height: pixels.height,
      foreign,
    }));
    const thumbnail = small && (await bitmapOf(small));
    const owned = [...rgb.map(({ buffer }) => buffer), ...(thumbnail ? [thumbnail] : [])];
    return transfer({ rgb, width, height, foreign, ...(thumbnail ? { thumbnail } : {}) }, owned);
  },

  async image(frame, facts) {
    const image = await withPixels(frame, facts, (pixels) => pixels.image());
    return transfer(image, [image.rgba.buffer]);
  },

  async planes(frame, { colour }) {
    const decoded = await reader.read(frame).finally(() => frame.close());
    try {
      const rgb = { matrix: 'identity', range: 'full' } as const;
      const made = featurePlanes(decoded, decoded.fromRgb ? rgb : colour);
      return transfer(made, [made.y.buffer, made.cb.buffer, made.cr.buffer]);
    } finally {
      reader.release(decoded);
    }
  },
};
