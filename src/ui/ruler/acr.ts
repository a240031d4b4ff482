import { bands } from '../../../core/answer/grades.ts';
import type { Scale } from './geometry.ts';

/** The ruler of the five ACR grades, 1 to 5, cut where the method cuts. */
export const ACR: Scale = {
  low: bands[0].from,
  high: bands[4].to,
  cuts: [bands[1].from, bands[2].from, bands[3].from, bands[4].from],
};
