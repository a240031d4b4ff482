/** The planes of a decoded frame, in memory of our own, so that the decoder gets its picture back at once. */

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

/** True where the planes of a frame can be read (its format is not opaque). */
export function hasPlanes(format: string | null): boolean {
  return format !== null && format in LAYOUTS;
}

/** Copies of frames alike are made into the same memory. */
export class PlaneReader {
  private readonly free: ArrayBuffer[] = [];

  /**
   * A copy of the frame's planes; where there are none to be read, of the RGBA that the browser makes of it, as planes
   * for the `identity` matrix in full range.
   *
   * @param frame not closed here
   */
  async read(frame: VideoFrame): Promise<Planes> {
    const layout = frame.format === null ? undefined : LAYOUTS[frame.format];
    return layout ? this.readPlanes(frame, layout) : this.readRgba(frame);
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

  private async readRgba(frame: VideoFrame): Promise<Planes> {
    const options: VideoFrameCopyToOptions = { format: 'RGBA' };
    const bytes = frame.allocationSize(options);
    const memory = this.memory(bytes);
    const [plane] = await frame.copyTo(new Uint8Array(memory, 0, bytes), options);
    const { offset, stride } = plane!;
    return {
      width: frame.visibleRect!.width,
      height: frame.visibleRect!.height,
      bitDepth: 8,
      shiftX: 0,
      shiftY: 0,
      samples: new Uint8Array(memory, 0, bytes),
      v: { offset, stride, step: 4 },
      y: { offset: offset + 1, stride, step: 4 },
      u: { offset: offset + 2, stride, step: 4 },
    };
  }

  private memory(bytes: number): ArrayBuffer {
    const buffer = this.free.pop();
    return buffer && buffer.byteLength >= bytes ? buffer : new ArrayBuffer(bytes);
  }

  /** Gives the memory back after the last look at the planes. */
  release(planes: Planes): void {
    if (this.free.length < 2) this.free.push(planes.samples.buffer as ArrayBuffer);
  }
}
