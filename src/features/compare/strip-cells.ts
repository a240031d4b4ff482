/** The strip under the field: N equal cells for each side, over the places of the clock. Pure. */
import { sampledIndices } from '../../../core/sampling/places.ts';
import type { SampleProfile, Timeline } from './state/timeline.ts';

export interface StripCell {
  /** Place on the clock whose frames the cell shows. */
  readonly place: number;
  /** Source frames. */
  readonly a: number;
  readonly b: number;
}

/** As many cells as the model has frames; each shows what stands at its sampled place. */
export function stripCells(timeline: Timeline, profile: SampleProfile): StripCell[] {
  const { places, a, b } = timeline;
  const at =
    places === profile.frames
      ? Array.from({ length: places }, (_, place) => place)
      : sampledIndices(profile.places, places, profile.frames);
  return at.map((place) => ({ place, a: a[place]!, b: b[place]! }));
}

/** The cell that a place lies in. */
export function cellOf(place: number, places: number, cells: number): number {
  return Math.min(cells - 1, Math.floor(((place + 0.5) / places) * cells));
}

/** Middle of a place on the axis, 0 … 1. */
export const placeAxis = (place: number, places: number): number => (places > 0 ? (place + 0.5) / places : 0);

/** The place under a part of the axis. */
export const placeUnder = (part: number, places: number): number =>
  Math.min(places - 1, Math.max(0, Math.floor(part * places)));
