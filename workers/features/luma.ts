/** Luma of a frame with the maps that several families of features share. */
import { type Normalised, normalised } from './filters.ts';
import type { Plane } from './plane.ts';
import { half } from './resize.ts';

export interface Luma {
  /** 0 to 255. */
  readonly plane: Plane;
  readonly maps: Normalised;
  readonly half: Plane;
  readonly halfMaps: Normalised;
}

export function lumaOf(plane: Plane): Luma {
  const reduced = half(plane);
  return { plane, maps: normalised(plane), half: reduced, halfMaps: normalised(reduced) };
}
