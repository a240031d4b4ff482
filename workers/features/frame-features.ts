/**
 * Features of one frame, from decoded planes: 8-bit 4:2:0 of the limited range at the coded size. Ours, by the formulas
 * of the published models that each module names; held to recorded values of another implementation.
 */
import { featureLines } from '../../core/sampling/human-features.ts';
import { brisque } from './brisque.ts';
import type { YcbcrPlanes } from './colour.ts';
import { friqueeChroma, friqueeLuma } from './friquee.ts';
import { gmLog } from './gm-log.ts';
import { higrade } from './higrade.ts';
import { lumaOf } from './luma.ts';
import { motionFeatures } from './motion.ts';
import { emptyPlane, ownedPlane, type Plane, reusePlanes } from './plane.ts';
import { type Axis, axis, composed, resize } from './resize.ts';
import { sharpnessFeatures } from './sharpness.ts';

/** Planes of a decoded frame; chroma is [⌈height / 2⌉, ⌈width / 2⌉]. */
export interface FramePlanes {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array;
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
}

/** Corners may move by the frame's width divided by this. */
const REACH_DIVISOR = 40;

/** Resize of one axis of a frame at a scale: of luma, of luma to half size, and of chroma. */
interface FrameAxis {
  readonly luma: Axis;
  readonly halfLuma: Axis;
  readonly chroma: Axis;
}

function frameAxis(size: number, scale: number): FrameAxis {
  const luma = axis(size, scale);
  return {
    luma,
    halfLuma: composed(axis(luma.size, 0.5), luma, size),
    chroma: composed(luma, axis(Math.ceil(size / 2), 2, size), Math.ceil(size / 2)),
  };
}

/** Computes features of the frames of one video, which all have one size. */
export class FrameFeatures {
  private readonly width: number;
  private readonly x: FrameAxis;
  private readonly y: FrameAxis;
  private readonly halves = new Map<number, Plane>();

  /**
   * @param width coded size in luma samples; `height` likewise
   */
  constructor(width: number, height: number) {
    this.width = width;
    const scale = Math.min(featureLines / Math.min(width, height), 1);
    this.x = frameAxis(width, scale);
    this.y = frameAxis(height, scale);
  }

  /**
   * Features of a sample.
   *
   * @param now its frame
   * @param before luma of its earlier frame; `after` of its successor; with their numbers, by which the last few are cached
   */
  sample(now: FramePlanes, before: NumberedLuma, after: NumberedLuma) {
    reusePlanes();
    const planes = this.scaled(now);
    const luma = lumaOf(planes.y);
    const motion = [unitRange(luma.half), this.halfLuma(before), this.halfLuma(after)] as const;
    return {
      ...brisque(luma),
      ...gmLog(luma.plane),
      ...higrade(luma.plane),
      ...friqueeLuma(luma),
      ...friqueeChroma(planes),
      ...motionFeatures(...motion, Math.floor(planes.y.width / REACH_DIVISOR)),
    };
  }

  /** Features that are read once a second. */
  sharpness(frame: FramePlanes) {
    reusePlanes();
    return sharpnessFeatures(this.scaled(frame));
  }

  private scaled({ width, y, cb, cr }: FramePlanes): YcbcrPlanes {
    const chroma = (data: Uint8Array) => resize(data, Math.ceil(width / 2), this.x.chroma, this.y.chroma);
    return {
      y: resize(y, width, this.x.luma, this.y.luma),
      cb: chroma(cb),
      cr: chroma(cr),
    };
  }

  private halfLuma({ number, y }: NumberedLuma): Plane {
    const cached = this.halves.get(number);
    if (cached) return cached;
    const plane = ownedPlane(unitRange(resize(y, this.width, this.x.halfLuma, this.y.halfLuma)));
    for (const other of [...this.halves.keys()].slice(0, -1)) this.halves.delete(other);
    this.halves.set(number, plane);
    return plane;
  }
}

/** Luma of the frame of a number. */
export interface NumberedLuma {
  readonly number: number;
  readonly y: Uint8Array;
}

function unitRange({ width, height, data }: Plane): Plane {
  const out = emptyPlane(width, height);
  for (let i = 0; i < data.length; i++) out.data[i] = data[i]! / 255;
  return out;
}
