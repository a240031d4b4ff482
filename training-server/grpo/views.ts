/** Frames of a video that the model sees: the clean sampled frames, and perturbed orders of them. */

import type { RewardRules } from '../../core/rewards/reward-rules.ts';
import { samplePlan } from '../../core/sampling/frame-sampling.ts';
import { perturb } from '../../core/sampling/perturb.ts';
import type { Profile } from '../../core/sampling/profiles.ts';
import { type Random, seededRandom } from '../../core/stats/random.ts';
import type { GrpoStage } from '../../core/training/recipe-stages.ts';
import type { DataItem } from '../data/api.ts';
import type { EngineVideo } from '../engine/protocol.ts';

/** Name of the random stream. It is part of the seed: another name would change the draws of a resumed run. */
const PERTURBATION_STREAM = 'damage';

/** One perturbation of a video; `video` is null where no draw changed the frames that the model sees. */
export interface PerturbedView {
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
  /** The clean video. */
  readonly video: EngineVideo;
  readonly seed: number;
  /** None with the temporal reward off; one, or K where each completion has its own. */
  readonly perturbed: readonly PerturbedView[];
}

/** The sampled frames in their order. */
export function cleanVideo(item: DataItem, frames: number, profile: Profile): EngineVideo {
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
  return profile.motion.frames === 'same' ? video : { ...video, motionIndices: [...motion] };
}

/**
 * Draws depend on (seed, epoch, video) alone: neither on the batch nor on earlier draws.
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
  const count = rules.temporalOn ? (rules.perturbDraw === 'video' ? 1 : stage.k) : 0;
  return {
    item,
    frames,
    video: cleanVideo(item, frames, profile),
    seed: random.fork('rollout').uint32(),
    perturbed: Array.from({ length: count }, (_, j) =>
      perturbedView(random.fork(`${PERTURBATION_STREAM} ${j}`)),
    ),
  };

  function perturbedView(draws: Random): PerturbedView {
    const mode = draws.choice(stage.perturbations);
    const order = perturb(profile, frames, mode, draws.fork('draws'), rules.perturb);
    const video = order.kind === 'perturbed' ? engineVideo(item, profile, order.vision, order.motion) : null;
    return { mode, video, seed: draws.fork('rollout').uint32() };
  }
}
