/** Closed-form statistics of the motion branch's input (the table `src/core/statistics.json`), as graph nodes. */
import { CodedError } from '../../src/core/errors.ts';
import type { Profile } from '../../src/core/profiles.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Graph } from './graph.ts';

/** Standardised statistics [1, n] in the order of `motion_config.statistics`. */
export function motionStatistics(
  _g: Graph,
  checkpoint: Checkpoint,
  _profile: Profile,
  _pixels: string,
): string {
  throw new CodedError('convert/config', {
    field: 'motion_config.statistics',
    problem: `${checkpoint.config.motion.statistics[0]} has no lowering`,
  });
}
