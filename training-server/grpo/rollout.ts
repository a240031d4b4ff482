/** Rollouts of one batch: K answers to each video and to its damaged copy, read and rewarded over the whole batch. */

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
import type { Setting } from './setting.ts';
import { type View, viewOf } from './views.ts';

/** A video with its answers. */
export interface Answered {
  readonly view: View;
  readonly answers: readonly EngineCompletion[];
  readonly read: readonly ReadAnswer[];
  /** Null where the video has no damaged copy; in the order of the answers otherwise. */
  readonly perturbedAnswers: readonly EngineCompletion[] | null;
  readonly perturbedRead: readonly ReadAnswer[] | null;
}

export interface Rollout {
  readonly batch: number;
  readonly epoch: number;
  readonly answered: readonly Answered[];
  /** In the order of `answered`. */
  readonly rewards: readonly VideoRewards[];
  /** Videos of the batch that could not be read, and those left over that fill no process. */
  readonly failed: number;
  /** Waiting for the engine, and reading and rewarding its answers. */
  readonly seconds: { readonly engine: number; readonly reward: number };
  /** Seconds of rank 0 by phase, as the engine names them. */
  readonly phases: Readonly<Record<string, number>>;
  /** Tokens written, damaged copies included. */
  readonly tokens: number;
}

type GrpoSetting = Setting<GrpoStage>;

/** The views of a batch; videos that cannot be read are left out. */
export async function viewsOf(
  setting: GrpoSetting,
  sampler: Sampler,
  batch: number,
  signal?: AbortSignal,
): Promise<View[]> {
  const { recipe, stage, profile, seed } = setting;
  const items = sampler.batch(batch).map((place) => setting.train[place]!);
  const frames = await setting.counts.of(items, signal);
  const epoch = sampler.epochOf(batch);
  return items.flatMap((item, i) =>
    frames[i] === 0 ? [] : [viewOf(item, frames[i]!, epoch, seed, profile, recipe.rules, stage)],
  );
}

/** Every video that a rollout of these views shows to the model. */
export function videosOf(views: readonly View[]): EngineVideo[] {
  return views.flatMap(({ video, damages }) => [
    video,
    ...damages.flatMap((damage) => (damage.video === null ? [] : [damage.video])),
  ]);
}

interface Ask {
  readonly view: View;
  readonly video: EngineVideo;
  readonly seed: number;
  /** Place among the damages; null for the undamaged video. */
  readonly damage: number | null;
}

/** @throws EngineError; CodedError of `batchRewards` where the rules raise */
export async function rollOut(
  setting: GrpoSetting,
  sampler: Sampler,
  batch: number,
  views: readonly View[],
  signal?: AbortSignal,
): Promise<Rollout> {
  const started = performance.now();
  const { stage, recipe } = setting;
  const { rules } = recipe;
  const own = rules.perturbDraw === 'answer';
  const raw: Ask[] = views.map((view) => ({ view, video: view.video, seed: view.seed, damage: null }));
  const damaged: Ask[] = views.flatMap((view) =>
    view.damages.flatMap(({ video, seed }, damage) =>
      video === null ? [] : [{ view, video, seed, damage }],
    ),
  );
  let tokens = 0;
  let waited = 0;
  const phases: Record<string, number> = {};
  // One perturbation for K answers goes with the undamaged videos; one for each answer is asked for on its own.
  const answers = own
    ? [...(await ask(raw, stage.k)), ...(await ask(damaged, 1))]
    : await ask([...raw, ...damaged], stage.k);
  const asks = [...raw, ...damaged];
  const of = (view: View, isWanted: (ask: Ask) => boolean) =>
    asks.flatMap((one, i) => (one.view === view && isWanted(one) ? [answers[i]!] : []));
  const read = (answer: EngineCompletion) => readForReward(answer.text, rules, setting.range);

  const answered = views.flatMap((view): Answered[] => {
    const [plain] = of(view, ({ damage }) => damage === null);
    if (!plain) return [];
    const copies = of(view, ({ damage }) => damage !== null).flatMap((group) => group ?? []);
    const perturbed = copies.length === 0 ? null : copies;
    return [
      {
        view,
        answers: plain,
        read: plain.map(read),
        perturbedAnswers: perturbed,
        perturbedRead: perturbed?.map(read) ?? null,
      },
    ];
  });
  const whole = answered.slice(0, wholeProcesses(answered.length, rules.rankOpponents));
  const random = seededRandom(`${setting.seed}/unreadable/${batch}`);
  const rewards = batchRewards(
    whole.map(({ view, read, perturbedRead }) => ({
      mos: view.item.mos,
      raw: read,
      perturbed: perturbedRead,
    })),
    rules,
    (low, high) => random.between(low, high),
  );
  return {
    batch,
    epoch: sampler.epochOf(batch),
    answered: whole,
    rewards,
    failed: sampler.size - whole.length,
    seconds: { engine: waited, reward: (performance.now() - started) / 1000 - waited },
    phases,
    tokens,
  };

  async function ask(asked: readonly Ask[], k: number): Promise<(EngineCompletion[] | null)[]> {
    if (asked.length === 0) return [];
    const asking = performance.now();
    const result = await setting.engine.call(
      'rollout',
      {
        videos: asked.map(({ video }) => video),
        prompt: setting.prompt,
        numGenerations: k,
        seeds: asked.map(({ seed }) => seed),
        temperature: rules.temperature,
        topK: rules.topK ?? 0,
        topP: stage.topP,
        maxCompletionLength: stage.maxTokens,
        slots: recipe.engine.slots,
      },
      { ...(signal && { signal }) },
    );
    waited += (performance.now() - asking) / 1000;
    for (const { path, error } of result.failed) setting.counts.failed(path, error);
    tokens += result.tokens;
    for (const [phase, seconds] of Object.entries(result.seconds))
      phases[phase] = (phases[phase] ?? 0) + seconds;
    return result.completions;
  }
}

/** With processes of a fixed size a video that fills none has no opponent and is left out. */
function wholeProcesses(videos: number, opponents: 'batch' | { readonly processVideos: number }): number {
  return opponents === 'batch' ? videos : videos - (videos % opponents.processVideos);
}
