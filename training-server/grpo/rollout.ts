/** Rollout of one batch: K completions of each clean and perturbed video, read and rewarded over the whole batch. */

import {
  batchRewards,
  type ReadAnswer,
  readForReward,
  type VideoRewards,
} from '../../core/rewards/rewards.ts';
import { seededRandom } from '../../core/stats/random.ts';
import type { GrpoStage } from '../../core/training/recipe-stages.ts';
import type { EngineCompletion, EngineVideo } from '../engine/protocol.ts';
import type { Sampler } from './sampler.ts';
import type { StageContext } from './stage-context.ts';
import { type View, viewOf } from './views.ts';

/** A video with its completions. */
export interface VideoCompletions {
  readonly view: View;
  /** [K] */
  readonly clean: readonly EngineCompletion[];
  readonly cleanRead: readonly ReadAnswer[];
  /** [K], in the order of `clean`; null where no perturbation changed the frames. */
  readonly perturbed: readonly EngineCompletion[] | null;
  readonly perturbedRead: readonly ReadAnswer[] | null;
}

export interface Rollout {
  readonly batch: number;
  readonly epoch: number;
  readonly videos: readonly VideoCompletions[];
  /** In the order of `videos`. */
  readonly rewards: readonly VideoRewards[];
  /** Videos of the batch that could not be read, and those left over that fill no process. */
  readonly failed: number;
  /** Time in calls of the engine, and time for reading and rewarding. */
  readonly seconds: { readonly engine: number; readonly reward: number };
  /** Seconds of rank 0 by phase, as the engine names them. */
  readonly phases: Readonly<Record<string, number>>;
  /** Tokens generated, of clean and perturbed videos. */
  readonly tokens: number;
}

type GrpoContext = StageContext<GrpoStage>;

/** The views of a batch; videos that cannot be read are left out. */
export async function viewsOf(context: GrpoContext, sampler: Sampler, batch: number): Promise<View[]> {
  const { recipe, stage, profile, seed } = context;
  const items = sampler.batch(batch).map((index) => context.train[index]!);
  const frames = await context.counts.of(items);
  const epoch = sampler.epochOf(batch);
  return items.flatMap((item, i) =>
    frames[i] === 0 ? [] : [viewOf(item, frames[i]!, epoch, seed, profile, recipe.rules, stage)],
  );
}

/** Every clean and perturbed video of these views. */
export function videosOf(views: readonly View[]): EngineVideo[] {
  return views.flatMap(({ video, perturbed }) => [
    video,
    ...perturbed.flatMap((one) => (one.video === null ? [] : [one.video])),
  ]);
}

type Side = 'clean' | 'perturbed';

interface Request {
  readonly view: View;
  readonly video: EngineVideo;
  readonly seed: number;
  readonly side: Side;
}

/**
 * @param asked videos that the views are of, those that could not be read included
 * @throws EngineError; CodedError of `batchRewards` where the rules raise
 */
export async function rollOut(
  context: GrpoContext,
  sampler: Sampler,
  batch: number,
  views: readonly View[],
  asked = sampler.size,
): Promise<Rollout> {
  const started = performance.now();
  const { stage, recipe } = context;
  const { rules } = recipe;
  const clean = views.map((view): Request => ({ view, video: view.video, seed: view.seed, side: 'clean' }));
  const perturbed = views.flatMap((view) =>
    view.perturbed.flatMap(({ video, seed }): Request[] =>
      video === null ? [] : [{ view, video, seed, side: 'perturbed' }],
    ),
  );
  const requests = [...clean, ...perturbed];
  const generator = new Generator(context);
  // A perturbation drawn for each completion is generated once; one drawn for a video, K times like the clean video.
  const completions =
    rules.perturbDraw === 'answer'
      ? [...(await generator.generate(clean, stage.k)), ...(await generator.generate(perturbed, 1))]
      : await generator.generate(requests, stage.k);
  const completionsOf = (view: View, side: Side) =>
    requests.flatMap((request, i) =>
      request.view === view && request.side === side ? (completions[i] ?? []) : [],
    );
  const read = (completion: EngineCompletion) => readForReward(completion.text, rules, context.range);

  const videos = views.flatMap((view): VideoCompletions[] => {
    const clean = completionsOf(view, 'clean');
    if (clean.length === 0) return [];
    const others = completionsOf(view, 'perturbed');
    const perturbed = others.length === 0 ? null : others;
    return [
      {
        view,
        clean,
        cleanRead: clean.map(read),
        perturbed,
        perturbedRead: perturbed?.map(read) ?? null,
      },
    ];
  });
  const whole = videos.slice(0, wholeProcesses(videos.length, rules.rankOpponents));
  const random = seededRandom(`${context.seed}/unreadable/${batch}`);
  const rewards = batchRewards(
    whole.map(({ view, cleanRead, perturbedRead }) => ({
      mos: view.item.mos,
      raw: cleanRead,
      perturbed: perturbedRead,
    })),
    rules,
    (low, high) => random.between(low, high),
  );
  const { seconds, phases, tokens } = generator;
  return {
    batch,
    epoch: sampler.epochOf(batch),
    videos: whole,
    rewards,
    failed: asked - whole.length,
    seconds: { engine: seconds, reward: (performance.now() - started) / 1000 - seconds },
    phases,
    tokens,
  };
}

/** The engine's `rollout` under the options of a stage, with the sums over its calls. */
class Generator {
  readonly #context: GrpoContext;
  /** Time in calls. */
  seconds = 0;
  tokens = 0;
  readonly phases: Record<string, number> = {};

  constructor(context: GrpoContext) {
    this.#context = context;
  }

  /** @returns [requests][numGenerations]; null where a video cannot be decoded */
  async generate(
    requests: readonly Request[],
    numGenerations: number,
  ): Promise<(EngineCompletion[] | null)[]> {
    if (requests.length === 0) return [];
    const { completions, prompt, stage, recipe, counts } = this.#context;
    const begun = performance.now();
    const result = await completions.generate({
      videos: requests.map(({ video }) => video),
      prompt,
      numGenerations,
      seeds: requests.map(({ seed }) => seed),
      temperature: recipe.rules.temperature,
      topK: recipe.rules.topK ?? 0,
      topP: stage.topP,
      maxCompletionLength: stage.maxTokens,
      slots: recipe.engine.slots,
    });
    this.seconds += (performance.now() - begun) / 1000;
    this.tokens += result.tokens;
    for (const { path, error } of result.failed) counts.failed(path, error);
    for (const [phase, seconds] of Object.entries(result.seconds))
      this.phases[phase] = (this.phases[phase] ?? 0) + seconds;
    return result.completions;
  }
}

/** Videos that fill processes of a fixed size; one that fills none has no opponent and is left out. */
function wholeProcesses(videos: number, opponents: 'batch' | { readonly processVideos: number }): number {
  return opponents === 'batch' ? videos : videos - (videos % opponents.processVideos);
}
