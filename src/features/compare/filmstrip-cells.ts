/** Cells of the filmstrips: N equal cells for each side over the timeline. */
import { sampledIndices } from '../../../core/sampling/frame-sampling.ts';
import type { SampleProfile, Timeline } from './state/timeline.ts';

export interface FilmstripCell {
  /** Timeline position of the cell's frames. */
  readonly position: number;
  /** Source frames. */
  readonly a: number;
  readonly b: number;
}

/** As many cells as the model samples frames, each with the frames at its sampled position. */
export function filmstripCells(timeline: Timeline, profile: SampleProfile): FilmstripCell[] {
  const { positions, a, b } = timeline;
  const at =
    positions === profile.frames
      ? Array.from({ length: positions }, (_, position) => position)
      : sampledIndices(profile.sampling, positions, profile.frames);
  return at.map((position) => ({ position, a: a[position]!, b: b[position]! }));
}

/** Cell that contains a position. */
export function cellOf(position: number, positions: number, cells: number): number {
  return Math.min(cells - 1, Math.floor(((position + 0.5) / positions) * cells));
}

/** Middle of a position on the axis, 0 … 1. */
export const positionCentre = (position: number, positions: number): number =>
  positions > 0 ? (position + 0.5) / positions : 0;

/** Position at a part of the axis, 0 … 1. */
export const positionAt = (part: number, positions: number): number =>
  Math.min(positions - 1, Math.max(0, Math.floor(part * positions)));
