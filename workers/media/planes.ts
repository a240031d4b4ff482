/** The planes of a decoded frame, in memory of our own, so that the decoder gets its picture back at once. */
import { RgbInverter } from './rgb-planes.ts';

/** Samples of one picture. Chroma samples are `1 << shiftX` luma samples apart in x, likewise in y. */
export interface Planes {
  /** Size of the coded picture in luma samples, cropped to what is shown, rotation not applied. */
  readonly width: number;
  readonly height: number;
  readonly bitDepth: 8 | 10 | 12;
  readonly samples: Uint8Array | Uint16Array;
  readonly y: PlaneLayout;
  readonly u: PlaneLayout;
  readonly v: PlaneLayout;
  readonly shiftX: 0 | 1;
  readonly shiftY: 0 | 1;
  /** RGB that the browser made: v, y and u are red, green and blue, for the identity matrix in full range. */
  readonly fromRgb?: true;
  /** Taken back from RGB in which many colours were clipped, so they are not exactly the decoder's. */
  readonly clipped?: true;
}

/** Where a plane lies in `samples`: first sample, samples from row to row, samples from pixel to pixel (2 in NV12, 4 in RGBA). */
export interface PlaneLayout {
  readonly offset: number;
  readonly stride: number;
  readonly step: 1 | 2 | 4;
}

interface Layout {
  readonly bitDepth: 8 | 10 | 12;
  readonly shiftX: 0 | 1;
  readonly shiftY: 0 | 1;
  readonly interleaved?: true;
}

/** Pixel formats of WebCodecs that hold planes of luma and chroma; an alpha plane, where there is one, is left alone. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  I420: { bitDepth: 8, shiftX: 1, shiftY: 1 },
  I420A: { bitDepth: 8, shiftX: 1, shiftY: 1 },
  I420P10: { bitDepth: 10, shiftX: 1, shiftY: 1 },
  I420AP10: { bitDepth: 10, shiftX: 1, shiftY: 1 },
  I420P12: { bitDepth: 12, shiftX: 1, shiftY: 1 },
  I420AP12: { bitDepth: 12, shiftX: 1, shiftY: 1 },
  I422: { bitDepth: 8, shiftX: 1, shiftY: 0 },
  I422A: { bitDepth: 8, shiftX: 1, shiftY: 0 },
  I422P10: { bitDepth: 10, shiftX: 1, shiftY: 0 },
  I422AP10: { bitDepth: 10, shiftX: 1, shiftY: 0 },
  I422P12: { bitDepth: 12, shiftX: 1, shiftY: 0 },
  I422AP12: { bitDepth: 12, shiftX: 1, shiftY: 0 },
  I444: { bitDepth: 8, shiftX: 0, shiftY: 0 },
  I444A: { bitDepth: 8, shiftX: 0, shiftY: 0 },
  I444P10: { bitDepth: 10, shiftX: 0, shiftY: 0 },
  I444AP10: { bitDepth: 10, shiftX: 0, shiftY: 0 },
  I444P12: { bitDepth: 12, shiftX: 0, shiftY: 0 },
  I444AP12: { bitDepth: 12, shiftX: 0, shiftY: 0 },
  NV12: { bitDepth: 8, shiftX: 1, shiftY: 1, interleaved: true },
};

/** Bytes of red, green and blue in a pixel of the formats that hold RGB. */
const RGB_ORDERS: Readonly<Record<string, readonly [number, number, number]>> = {
  RGBA: [0, 1, 2],
  RGBX: [0, 1, 2],
  BGRA: [2, 1, 0],
  BGRX: [2, 1, 0],
};

/** RGB as planes for the identity matrix in full range. */
function rgbPlanes(
  samples: Uint8Array,
  width: number,
  height: number,
  { offset, stride }: Pick<PlaneLayout, 'offset' | 'stride'>,
  [red, green, blue]: readonly [number, number, number] = [0, 1, 2],
): Planes {
  const plane = (channel: number): PlaneLayout => ({ offset: offset + channel, stride, step: 4 });
  return {
    width,
    height,
    bitDepth: 8,
    shiftX: 0,
    shiftY: 0,
    fromRgb: true,
    samples,
    v: plane(red),
    y: plane(green),
    u: plane(blue),
  };
}

/** Copies of frames alike are made into the same memory. */
export class PlaneReader {
  private readonly free: ArrayBuffer[] = [];
  private readonly inverter = new RgbInverter();
  private canvas: OffscreenCanvasRenderingContext2D | undefined;
  private readonly pooled: number;

  /** @param pooled buffers that are kept for reuse */
  constructor(pooled = 2) {
    this.pooled = pooled;
  }

  /**
   * A copy of the frame's planes. Where the browser hands over RGB, the planes that it was made of if they can be told
   * (`rgb-planes.ts`), else the RGB.
   *
   * @param frame not closed here
   */
  async read(frame: VideoFrame): Promise<Planes> {
    const layout = frame.format === null ? undefined : LAYOUTS[frame.format];
    const { width, height } = frame.visibleRect!;
    // WebKit gives 4:4:4 frames a format and copies none of them.
    if (layout)
      return this.readPlanes(frame, layout).catch((error) => {
        if (error instanceof TypeError) return this.drawn(frame, width, height);
        throw error;
      });
    const rgb = await this.readRgb(frame);
    const planes = this.inverter.planesOf(rgb, frame.colorSpace.toJSON());
    if (!planes) return rgb;
    this.release(rgb);
    return planes;
  }

  private async readPlanes(frame: VideoFrame, layout: Layout): Promise<Planes> {
    const bytes = frame.allocationSize();
    const memory = this.memory(bytes);
    const layouts = await frame.copyTo(new Uint8Array(memory, 0, bytes));
    const wide = layout.bitDepth > 8 ? 2 : 1;
    const planeAt = (plane: number, step: 1 | 2 = 1, shift = 0): PlaneLayout => ({
      offset: layouts[plane]!.offset / wide + shift,
      stride: layouts[plane]!.stride / wide,
      step,
    });
    return {
      width: frame.visibleRect!.width,
      height: frame.visibleRect!.height,
      bitDepth: layout.bitDepth,
      shiftX: layout.shiftX,
      shiftY: layout.shiftY,
      samples: wide === 2 ? new Uint16Array(memory, 0, bytes >> 1) : new Uint8Array(memory, 0, bytes),
      y: planeAt(0),
      u: layout.interleaved ? planeAt(1, 2) : planeAt(1),
      v: layout.interleaved ? planeAt(1, 2, 1) : planeAt(2),
    };
  }

  private async readRgb(frame: VideoFrame): Promise<Planes> {
    const { width, height } = frame.visibleRect!;
    // A frame without a format can be shown, not copied; WebKit gives 10-bit frames none.
    if (frame.format === null) return this.drawn(frame, width, height);
    const order = RGB_ORDERS[frame.format];
    const options: VideoFrameCopyToOptions = order ? {} : { format: 'RGBA' };
    const bytes = frame.allocationSize(options);
    const memory = this.memory(bytes);
    const samples = new Uint8Array(memory, 0, bytes);
    const [plane] = await frame.copyTo(samples, options);
    return rgbPlanes(samples, width, height, plane!, order);
  }

  private drawn(frame: VideoFrame, width: number, height: number): Planes {
    this.canvas ??= new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    const { canvas } = this.canvas;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.canvas.drawImage(frame, 0, 0, width, height);
    const { data } = this.canvas.getImageData(0, 0, width, height);
    return rgbPlanes(new Uint8Array(data.buffer), width, height, { offset: 0, stride: 4 * width });
  }

  private memory(bytes: number): ArrayBuffer {
    const buffer = this.free.pop();
    return buffer && buffer.byteLength >= bytes ? buffer : new ArrayBuffer(bytes);
  }

  /** Gives the memory back after the last look at the planes. */
  release(planes: Planes): void {
    if (this.free.length < this.pooled) this.free.push(planes.samples.buffer as ArrayBuffer);
  }
}
