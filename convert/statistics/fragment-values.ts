/** Closed-form values of every fragment of single frames, in the place of the vision transformer. */
import type { Profile } from '../../core/sampling/profiles.ts';
import { statisticLimit, statisticRow } from '../../core/sampling/statistics.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { Graph } from '../graph.ts';
import { vector } from '../parts.ts';
import { clip, div, sub } from './arithmetic.ts';
import { StatisticsContext } from './context.ts';
import { MAPS } from './maps.ts';
import { fragmentValue } from './reduce.ts';

/**
 * Standardised values [n, G², k] in the order of `vision_config.statistics`; a fragment is a block of 2 × 2 patches.
 *
 * @param pixels [n, 3, S, S], normalised; n is free
 */
export function fragmentValues(g: Graph, checkpoint: Checkpoint, profile: Profile, pixels: string): string {
  const { statistics, patch_size } = checkpoint.config.vision;
  return g.scope('statistics', () => {
    const context = new StatisticsContext(g, profile, pixels, MAPS, { frames: 0, cell: 2 * patch_size });
    const fragments = context.grid ** 2;
    const values = statistics.map((name) =>
      g.reshape(fragmentValue(context, statisticRow(name)), [0, fragments, 1]),
    );
    const [mean, std] = ['mean', 'std'].map((part) => vector(g, checkpoint, `vision_model.${part}`));
    return clip(g, div(g, sub(g, g.concat(values, 2), mean!), std!), -statisticLimit, statisticLimit);
  });
}
