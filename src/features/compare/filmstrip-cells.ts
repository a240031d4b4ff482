/** The strip under the field: N equal cells for each side, over the places of the clock. Pure. */
import { sampledIndices } from '../../../core/sampling/frame-sampling.ts';
import type { SampleProfile, Timeline } from './state/timeline.ts';

export interface FilmstripCell {
  /** Place on the clock whose frames the cell shows. */
  readonly position: number;
  /** Source frames. */
  readonly a: number;
  readonly b: number;
}

/** As many cells as the model has frames; each shows what stands at its sampled place. */
export function filmstripCells(timeline: Timeline, profile: SampleProfile): FilmstripCell[] {
  const { positions, a, b } = timeline;
  const at =
    positions === profile.frames
      ? Array.from({ length: positions }, (_, position) => position)
      : sampledIndices(profile.sampling, positions, profile.frames);
  return at.map((position) => ({ position, a: a[position]!, b: b[position]! }));
}

/** The cell that a place lies in. */
export function cellOf(position: number, positions: number, cells: number): number {
  return Math.min(cells - 1, Math.floor(((position + 0.5) / positions) * cells));
}

/** Middle of a place on the axis, 0 … 1. */
export const positionCentre = (position: number, positions: number): number =>
  positions > 0 ? (position + 0.5) / positions : 0;

/** The place under a part of the axis. */
export const positionAt = (part: number, positions: number): number =>
  Math.min(positions - 1, Math.max(0, Math.floor(part * positions)));
