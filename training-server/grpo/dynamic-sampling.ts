/**
 * Dynamic sampling (DAPO, arXiv 2503.14476): groups whose K rewards are all equal have no advantage and are replaced by
 * groups of further videos. The further videos come from an order of their own for each attempt, as ms-swift's
 * (`dynamic_sample`, `max_resample_times`), so that a step stays a function of its number.
 */
import type { GrpoStage } from '../../core/training/recipe-stages.ts';
import { hasSpread } from './records.ts';
import { type Rollout, rollOut, viewsOf } from './rollout.ts';
import { Sampler } from './sampler.ts';
import type { Metrics, StageContext } from './stage-context.ts';
import type { View } from './views.ts';

/** The rollouts of a step. */
export interface StepSample {
  /** Every group that was generated: metrics and records are of all of them. */
  readonly all: Rollout;
  /** The groups of the update. */
  readonly trained: Rollout;
  readonly metrics: Metrics;
}

type GrpoContext = StageContext<GrpoStage>;

/** Samplers of the attempts after the first. */
export function resamplers(context: GrpoContext): Sampler[] {
  const { stage, recipe, train, seed } = context;
  const count = stage.dynamicSampling ? stage.maxResampleTimes : 0;
  return Array.from(
    { length: count },
    (_, attempt) => new Sampler(train.length, recipe.rules.videosPerStep, `${seed}/resample/${attempt}`),
  );
}

/**
 * The groups of a step: those of the first rollout, and with dynamic sampling as many of further rollouts as replace the
 * groups without spread. Fewer remain where all attempts together have fewer.
 *
 * @param views of the first rollout
 */
export async function sampleStep(
  context: GrpoContext,
  sampler: Sampler,
  further: readonly Sampler[],
  batch: number,
  views: readonly View[],
): Promise<StepSample> {
  const first = await rollOut(context, sampler, batch, views);
  if (!context.stage.dynamicSampling) return { all: first, trained: first, metrics: {} };
  const wanted = first.videos.length;
  const seen = new Set(views.map(({ item }) => item.path));
  let all = first;
  let rollouts = 1;
  for (const [attempt, other] of further.entries()) {
    if (withSpread(all).length >= wanted) break;
    const seeded = { ...context, seed: `${context.seed}/resample/${attempt}` };
    const asked = other.batch(batch).filter((index) => !seen.has(context.train[index]!.path)).length;
    const fresh = (await viewsOf(seeded, other, batch)).filter(({ item }) => !seen.has(item.path));
    for (const { item } of fresh) seen.add(item.path);
    if (fresh.length === 0) continue;
    all = joined(all, await rollOut(seeded, other, batch, fresh, asked));
    rollouts += 1;
  }
  const chosen = withSpread(all).slice(0, wanted);
  return {
    all,
    trained: {
      ...all,
      videos: chosen.map((i) => all.videos[i]!),
      rewards: chosen.map((i) => all.rewards[i]!),
    },
    metrics: {
      'dynamic_sampling/num_gen_batches': rollouts,
      'dynamic_sampling/groups': chosen.length,
      'dynamic_sampling/generated': all.videos.length,
    },
  };
}

/** Indices of the groups whose rewards differ. */
const withSpread = ({ rewards }: Rollout): number[] =>
  rewards.flatMap(({ reward }, i) => (hasSpread(reward) ? [i] : []));

function joined(one: Rollout, other: Rollout): Rollout {
  const phases = { ...one.phases };
  for (const [phase, seconds] of Object.entries(other.phases)) phases[phase] = (phases[phase] ?? 0) + seconds;
  return {
    ...one,
    videos: [...one.videos, ...other.videos],
    rewards: [...one.rewards, ...other.rewards],
    failed: one.failed + other.failed,
    seconds: {
      engine: one.seconds.engine + other.seconds.engine,
      reward: one.seconds.reward + other.seconds.reward,
    },
    phases,
    tokens: one.tokens + other.tokens,
  };
}
