/** Luma of decoded frames, upright, in the size, depth and range that both sides are compared in. */
import type { LumaPlane } from '../../core/stats/full-reference.ts';
import type { VideoFacts } from '../media/api.ts';
import { PlaneReader, type Planes } from '../media/planes.ts';
import { resizePlane } from '../media/resize.ts';
import type { Rotation } from '../media/yuv.ts';
import type { ComparedLuma } from './api.ts';
import { lumaTable } from './plan.ts';

/** Buffers that are kept for reuse: as many as frames wait for their partner, and two more. */
const POOLED = 10;

export interface HeldLuma extends LumaPlane {
  /** Gives the memory back; the samples must not be read afterwards. */
  release(): void;
}

type Samples = Uint8Array | Uint16Array;

export class LumaReader {
  /** True once a frame came as RGB. */
  fromRgb = false;
  private readonly planes = new PlaneReader(POOLED);
  private readonly colour: VideoFacts['colour'];
  private readonly rotation: Rotation;
  private readonly mirrored: boolean;
  private readonly luma: ComparedLuma;
  private readonly tables = new Map<string, Uint16Array | null>();

  constructor(
    { colour, rotation, mirrored }: Pick<VideoFacts, 'colour' | 'rotation' | 'mirrored'>,
    luma: ComparedLuma,
  ) {
    this.colour = colour;
    this.rotation = rotation;
    this.mirrored = mirrored === true;
    this.luma = luma;
  }

  /** @param frame closed here */
  async read(frame: VideoFrame): Promise<HeldLuma> {
    const planes = await this.planes.read(frame);
    const rgb = this.colour.matrix === 'identity' || planes.fromRgb === true;
    this.fromRgb ||= rgb;
    frame.close();
    const { width, height } = this.luma;
    const range = rgb ? 'full' : this.colour.range;
    const table = this.tableFor(planes.bitDepth, range);
    const asShown =
      this.rotation === 0 && !this.mirrored && planes.width === width && planes.height === height;
    if (!rgb && !table && asShown) {
      const { offset, stride } = planes.y;
      return { samples: planes.samples, offset, stride, release: () => this.planes.release(planes) };
    }
    const upright = turned(
      planes,
      this.rotation,
      this.mirrored,
      rgb ? lumaOfRgb(planes) : lumaOfPlanes(planes),
    );
    this.planes.release(planes);
    const scaled = table ? mapped(upright.samples, table, this.luma.bitDepth) : upright.samples;
    const samples =
      upright.width === width && upright.height === height
        ? scaled
        : resizePlane(scaled, upright, this.luma, this.luma.peak);
    return { samples, offset: 0, stride: width, release() {} };
  }

  private tableFor(bitDepth: Planes['bitDepth'], range: ComparedLuma['range']): Uint16Array | null {
    const key = `${bitDepth}${range}`;
    let table = this.tables.get(key);
    if (table === undefined) {
      table = lumaTable({ bitDepth, range }, this.luma);
      this.tables.set(key, table);
    }
    return table;
  }
}

/** The luma plane without the padding of its rows, [height, width]. */
function lumaOfPlanes({ width, height, samples, y }: Planes): Samples {
  const out =
    samples instanceof Uint16Array ? new Uint16Array(width * height) : new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    const start = y.offset + row * y.stride;
    out.set(samples.subarray(start, start + width), row * width);
  }
  return out;
}

/** BT.601 luma in full range of planes that hold green (`y`), blue (`u`) and red (`v`), [height, width]. */
function lumaOfRgb({ width, height, samples, bitDepth, y: green, u: blue, v: red }: Planes): Samples {
  const out = bitDepth > 8 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  for (let row = 0, at = 0; row < height; row++)
    for (let x = 0; x < width; x++, at++)
      out[at] = Math.round(
        0.299 * samples[red.offset + row * red.stride + x * red.step]! +
          0.587 * samples[green.offset + row * green.stride + x * green.step]! +
          0.114 * samples[blue.offset + row * blue.stride + x * blue.step]!,
      );
  return out;
}

/** A plane turned clockwise and then mirrored, as the image is shown. */
function turned(
  { width, height }: Pick<Planes, 'width' | 'height'>,
  rotation: Rotation,
  mirrored: boolean,
  samples: Samples,
): { readonly samples: Samples; readonly width: number; readonly height: number } {
  if (rotation === 0 && !mirrored) return { samples, width, height };
  const out = samples.slice();
  const [toWidth, toHeight] = rotation % 180 === 0 ? [width, height] : [height, width];
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      const [column, row] =
        rotation === 0
          ? [x, y]
          : rotation === 180
            ? [width - 1 - x, height - 1 - y]
            : rotation === 90
              ? [height - 1 - y, x]
              : [y, width - 1 - x];
      out[row * toWidth + (mirrored ? toWidth - 1 - column : column)] = samples[at]!;
    }
  return { samples: out, width: toWidth, height: toHeight };
}

function mapped(samples: Samples, table: Uint16Array, bitDepth: number): Samples {
  const out = bitDepth > 8 ? new Uint16Array(samples.length) : new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) out[i] = table[samples[i]!]!;
  return out;
}
