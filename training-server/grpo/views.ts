/** What the model is shown of a video: its sampled frames, and those of its temporally damaged copies. */

import type { RewardRules } from '../../core/rewards/reward-rules.ts';
import { perturb } from '../../core/sampling/perturb.ts';
import { samplePlan } from '../../core/sampling/places.ts';
import type { Profile } from '../../core/sampling/profiles.ts';
import { type Random, seededRandom } from '../../core/stats/random.ts';
import type { GrpoStage } from '../../core/training/recipe-stages.ts';
import type { DataItem } from '../data/api.ts';
import type { EngineVideo } from '../engine/protocol.ts';

/** A perturbed copy; `video` is null where no draw changed what the model sees. */
export interface Damage {
  readonly mode: string;
  readonly video: EngineVideo | null;
  /** Seed of its rollout. */
  readonly seed: number;
}

/** One video of a batch with everything that is drawn for it. */
export interface View {
  readonly item: DataItem;
  /** L, frames of the source. */
  readonly frames: number;
  readonly video: EngineVideo;
  readonly seed: number;
  /** None with the temporal reward off; one, or K where each answer has its own. */
  readonly damages: readonly Damage[];
}

/** The frames of the undamaged video. */
export function plainVideo(item: DataItem, frames: number, profile: Profile): EngineVideo {
  const { vision, motion } = samplePlan(profile, frames);
  return engineVideo(item, profile, vision, motion);
}

function engineVideo(
  item: DataItem,
  profile: Profile,
  vision: readonly (number | null)[],
  motion: readonly (number | null)[],
): EngineVideo {
  const video = { path: item.path, indices: [...vision] };
  return profile.motion.take === 'same' ? video : { ...video, motionIndices: [...motion] };
}

/**
 * Draws depend on (seed, epoch, video) alone: not on the batch, not on what was drawn before.
 *
 * @param seed text that names run and stage
 */
export function viewOf(
  item: DataItem,
  frames: number,
  epoch: number,
  seed: string,
  profile: Profile,
  rules: RewardRules,
  stage: Pick<GrpoStage, 'k' | 'perturbations'>,
): View {
  const random = seededRandom(`${seed}/${epoch}/${item.source}/${item.id}`);
  const copies = rules.temporalOn ? (rules.perturbDraw === 'video' ? 1 : stage.k) : 0;
  return {
    item,
    frames,
    video: plainVideo(item, frames, profile),
    seed: random.fork('rollout').uint32(),
    damages: Array.from({ length: copies }, (_, j) => damage(random.fork(`damage ${j}`))),
  };

  function damage(draws: Random): Damage {
    const mode = draws.choice(stage.perturbations);
    const copy = perturb(profile, frames, mode, draws.fork('draws'), rules.perturb);
    const video = copy.kind === 'perturbed' ? engineVideo(item, profile, copy.vision, copy.motion) : null;
    return { mode, video, seed: draws.fork('rollout').uint32() };
  }
}
