/**
 * From a recipe to the engine: each field of a recipe that the engine needs is compared with the parameter that reaches
 * it, for every shipped recipe and for one in which no two numbers are equal. The expectations are written here a second
 * time, from the meaning of the fields.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Profile } from '../../core/sampling/profiles.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import type { GrpoStage, Stage } from '../../core/training/recipe-stages.ts';
import type { DataItem } from '../data/api.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import type { Params } from '../engine/protocol.ts';
import type { EngineOptions } from '../engine/torchrun.ts';
import { recipeFolder, recipeFromFile } from '../recipes/recipe-files.ts';
import { fixture, settled, testRecipe } from './testing.ts';

const VIDEOS = 140;
const HELD_OUT = 6;
const STEPS = 3;

interface Seen {
  readonly engine: FakeEngine;
  readonly start: EngineOptions;
  readonly calls: <M extends keyof Called>(method: M) => Called[M][];
}
interface Called {
  load: Params<'load'>;
  rollout: Params<'rollout'>;
  update: Params<'update'>;
  sft: Params<'sft'>;
  regression_pretrain: Params<'regression_pretrain'>;
}

const items = (role: string, count: number, targets: readonly string[]): DataItem[] =>
  Array.from({ length: count }, (_, i) => ({
    source: role,
    id: `${role}-${i}`,
    path: `/videos/${role}-${i}.mp4`,
    mos: 1 + ((i * 7) % 40) / 10,
    text: `written ${i}`,
    targets: Object.fromEntries(targets.map((name, n) => [name, n + i / 100])),
  }));

/** Drives one stage of a recipe for a few steps against an engine that records what it is asked. */
async function drive(recipe: Recipe, stage: Stage): Promise<Seen> {
  const at = fixture();
  const starts: EngineOptions[] = [];
  const engine = new FakeEngine();
  engine.hello = { ...engine.hello, gpus: recipe.engine.processes };
  const short = { ...stage, steps: STEPS, epochs: null, checkpoints: { everySteps: 99, keep: 1 } };
  const targets = 'targets' in stage ? stage.targets : [];
  const data = { train: items('train', VIDEOS, targets), heldOut: items('held', HELD_OUT, targets) };
  const manager = await at.manager({
    startEngine: async (options) => {
      starts.push(options);
      return engine;
    },
    loadData: async () => [data],
  });
  const { id } = await manager.start({
    ...recipe,
    model: { ...recipe.model, checkpoint: 'checkpoint', profile: recipe.model.profile && 'train6@448' },
    stages: [short as Stage],
  });
  const run = await settled(manager, id);
  expect(run.reason).toBeNull();
  await manager.close();
  const calls = <M extends keyof Called>(method: M) =>
    engine.calls.flatMap((call) => (call.method === method ? [call.params as Called[M]] : []));
  return { engine, start: starts[0]!, calls };
}

/** Learning rates of the first steps, from the definition of the schedules. */
function rates(stage: Stage): number[] {
  const { kind, warmupSteps, length } = stage.schedule;
  return Array.from({ length: STEPS }, (_, step) => {
    if (step < warmupSteps) return (step / warmupSteps) * stage.optimiser.lr;
    const whole = Math.max(1, (length ?? STEPS) - warmupSteps);
    const done = Math.min(1, (step - warmupSteps) / whole);
    const factor = { constant: 1, linear: 1 - done, cosine: 0.5 + Math.cos(Math.PI * done) / 2 }[kind];
    return factor * stage.optimiser.lr;
  });
}

function checkLoad({ calls, start }: Seen, recipe: Recipe, stage: Stage): void {
  expect(start.ranks).toBe(recipe.engine.processes);
  expect(start.threads).toBe(recipe.engine.threads ?? undefined);
  const { kind, betas, epsilon, weightDecay, lrScale } = stage.optimiser;
  const [load] = calls('load');
  expect(load).toMatchObject({
    device: recipe.engine.device === 'auto' ? 'cuda' : recipe.engine.device,
    precision: recipe.engine.precision,
    parts: stage.parts,
    reference: stage.objective === 'grpo' && stage.beta > 0,
    frozenBatchNorm: recipe.rules.frozenBatchNorm,
    lora: stage.lora,
    gradientCheckpointing: recipe.engine.gradientCheckpointing,
    seed: recipe.seed,
    decodeWorkers: recipe.engine.decodeWorkers,
  });
  expect(load!.optimiser).toEqual({ kind, betas, epsilon, weightDecay, lrScale });
  expect(load!.pixelCache.bytes).toBe(recipe.engine.pixelCacheGB * 1e9);
  expect(basename(load!.checkpoint)).toBe('checkpoint');
  expect((load!.profile as Profile).name).toBe(recipe.model.profile === null ? 'test8' : 'train6@448');
}

/** A prompt asks for what the recipe trains: reasoning or the score alone, with the motion token or without. */
function checkPrompt(prompt: string, recipe: Recipe): void {
  expect(prompt.includes('<think>')).toBe(recipe.rules.reasoning);
  expect(/motion/i.test(prompt)).toBe(recipe.model.motion);
}

const falling = (a: number | null, b: number | null) => (b ?? 0) - (a ?? 0);

function checkGrpo(seen: Seen, recipe: Recipe, stage: GrpoStage): void {
  const { rules } = recipe;
  const drawn = seen.calls('rollout').filter(({ temperature }) => temperature > 0);
  const scored = seen.calls('rollout').filter(({ temperature }) => temperature === 0);
  const generations = new Set(drawn.map(({ numGenerations }) => numGenerations));
  const perVideo = rules.temporalOn && rules.perturbDraw === 'answer' ? [stage.k, 1] : [stage.k];
  expect(generations).toEqual(new Set(perVideo));
  for (const rollout of drawn) {
    expect(rollout).toMatchObject({
      temperature: rules.temperature,
      topK: rules.topK ?? 0,
      topP: stage.topP,
      maxCompletionLength: stage.maxTokens,
      slots: recipe.engine.slots,
    });
    checkPrompt(rollout.prompt, recipe);
  }
  const isPerturbed = (indices: readonly (number | null)[]) =>
    indices.some((frame, i) => frame === null || (i > 0 && frame < (indices[i - 1] ?? 0))) ||
    new Set(indices).size < indices.length;
  const orders = drawn.flatMap(({ videos }) => videos.map(({ indices }) => indices));
  expect(orders.some(isPerturbed)).toBe(rules.temporalOn);
  if (stage.perturbations.join() === 'reverse')
    for (const order of orders.filter(isPerturbed)) expect(order).toEqual([...order].sort(falling));
  const batches = Math.ceil(STEPS / stage.iterations);
  const clean = rules.perturbDraw === 'video' && rules.temporalOn ? 2 : 1;
  const count = drawn
    .filter(({ numGenerations }) => numGenerations === stage.k)
    .reduce((sum, { videos }) => sum + videos.length, 0);
  expect(count).toBeLessThanOrEqual(batches * rules.videosPerStep * clean);
  expect(count).toBeGreaterThanOrEqual(batches * rules.videosPerStep);

  const updates = seen.calls('update');
  expect(updates.map(({ lr }) => lr)).toEqual(rates(stage).map((lr) => expect.closeTo(lr, 15)));
  for (const update of updates) {
    expect(update).toMatchObject({
      beta: stage.beta,
      clip: { low: stage.epsilonLow, high: stage.epsilonHigh, delta: stage.ratioCap },
      lossType: stage.lossType,
      sapoTemperature: stage.sapoTemperature,
      maxCompletionLength: stage.maxTokens,
      maxGradNorm: stage.optimiser.maxGradNorm,
      maxTokensPerRow: recipe.engine.packTokens,
    });
    checkPrompt(update.prompt, recipe);
    const completions = update.groups.flatMap((group) => group.completions);
    const whole = update.groups.every((group) => group.completions.length === stage.k);
    expect(whole).toBe(update.maskedCompletions === 0);
    if (!stage.maskTruncated) expect(update.maskedCompletions).toBe(0);
    // The fake engine writes no end token where it gives no answer.
    expect((completions.length + update.maskedCompletions) % stage.k).toBe(0);
    expect(completions.every(({ oldLogps }) => (oldLogps !== undefined) === stage.iterations > 1)).toBe(true);
    expect(completions.some(({ advantage }) => advantage !== 0)).toBe(true);
  }
  if (stage.maskTruncated) expect(updates.some(({ maskedCompletions }) => maskedCompletions > 0)).toBe(true);
  checkEvaluation(scored, recipe, stage);
}

function checkEvaluation(scored: readonly Called['rollout'][], recipe: Recipe, stage: Stage): void {
  const { evaluation } = stage;
  const due = [
    evaluation.atStart ? 0 : null,
    ...Array.from({ length: STEPS }, (_, i) => i + 1).filter(
      (step) =>
        (evaluation.everySteps !== null && step % evaluation.everySteps === 0) ||
        (step === STEPS && evaluation.atEnd),
    ),
  ].filter((step) => step !== null);
  expect(scored).toHaveLength(due.length);
  for (const rollout of scored) {
    expect(rollout.videos).toHaveLength(Math.min(HELD_OUT, evaluation.videos ?? HELD_OUT));
    expect(rollout).toMatchObject({
      numGenerations: 1,
      topK: 0,
      topP: 1,
      maxCompletionLength: evaluation.maxTokens ?? (stage.objective === 'grpo' ? stage.maxTokens : 512),
      slots: recipe.engine.slots,
    });
    checkPrompt(rollout.prompt, recipe);
  }
}

function checkSft(seen: Seen, recipe: Recipe, stage: Extract<Stage, { objective: 'sft' }>): void {
  const steps = seen.calls('sft');
  expect(steps.map(({ lr }) => lr)).toEqual(rates(stage).map((lr) => expect.closeTo(lr, 15)));
  for (const step of steps) {
    expect(step.examples).toHaveLength(stage.videosPerStep);
    expect(step.maxGradNorm).toBe(stage.optimiser.maxGradNorm);
    expect(step.maxTokensPerRow).toBe(recipe.engine.packTokens);
    checkPrompt(step.prompt, recipe);
    const form = stage.texts === 'score' ? /^<answer>\d\.\d\d<\/answer>$/ : /^written \d+$/;
    for (const { text } of step.examples) expect(text).toMatch(form);
  }
}

function checkPretraining(seen: Seen, stage: Extract<Stage, { objective: 'regression_pretrain' }>): void {
  const steps = seen.calls('regression_pretrain');
  expect(steps.map(({ lr }) => lr)).toEqual(rates(stage).map((lr) => expect.closeTo(lr, 15)));
  for (const step of steps) {
    expect(step.names).toEqual(stage.targets);
    expect(step.examples).toHaveLength(stage.videosPerStep);
    expect(step.maxGradNorm).toBe(stage.optimiser.maxGradNorm);
    for (const { targets } of step.examples) expect(targets).toHaveLength(stage.targets.length);
  }
}

async function check(recipe: Recipe, stage: Stage): Promise<void> {
  const seen = await drive(recipe, stage);
  checkLoad(seen, recipe, stage);
  if (stage.objective === 'grpo') checkGrpo(seen, recipe, stage);
  if (stage.objective === 'sft') checkSft(seen, recipe, stage);
  if (stage.objective === 'regression_pretrain') checkPretraining(seen, stage);
}

const shipped = await Promise.all(
  readdirSync(recipeFolder)
    .filter((name) => name.endsWith('.json'))
    .map(async (name) => [basename(name, '.json'), await recipeFromFile(join(recipeFolder, name))] as const),
);
const stages = shipped.flatMap(([name, recipe]) =>
  recipe.stages.map((stage) => [`${name}, ${stage.name}`, recipe, stage] as const),
);

describe('every shipped recipe', () => {
  test.each(stages)('%s', async (_, recipe, stage) => {
    await check(recipe, stage);
  });
});

/** No two numbers are equal and none is a default, so that two fields that are taken for each other show. */
const unusual = testRecipe({
  seed: 4711,
  engine: {
    device: 'cuda',
    precision: 'bf16',
    processes: 3,
    threads: 5,
    gradientCheckpointing: false,
    decodeWorkers: 7,
    pixelCacheGB: 11,
    slots: 13,
    packTokens: 1717,
  },
  rules: {
    videosPerStep: 6,
    temperature: 0.77,
    topK: 19,
    frozenBatchNorm: 'train',
    labels: 'rescaled1to5',
    temporalOn: true,
  },
});
const unusualStage: GrpoStage = {
  ...(unusual.stages[0] as GrpoStage),
  k: 5,
  beta: 0.031,
  epsilonLow: 0.17,
  epsilonHigh: 0.29,
  ratioCap: 3.1,
  lossType: 'dr_grpo',
  lora: { rank: 3, alpha: 5, targets: ['q_proj', 'up_proj'] },
  sapoTemperature: { positive: 0.9, negative: 1.3 },
  maxTokens: 23,
  topP: 0.87,
  parts: {
    vision: false,
    visionProjector: true,
    languageModel: false,
    motionExtractor: true,
    motionProjector: false,
  },
  optimiser: {
    kind: 'adamw-sr',
    lr: 0.0123,
    betas: [0.81, 0.93],
    epsilon: 1e-5,
    weightDecay: 0.07,
    lrScale: { vision: 0.5, motionProjector: 3 },
    maxGradNorm: 0.61,
  },
  schedule: { kind: 'cosine', warmupSteps: 1, length: 9 },
  evaluation: { everySteps: 2, atStart: true, atEnd: false, videos: 4, maxTokens: 37, best: 'plcc' },
};

describe('a recipe without defaults', () => {
  test.each<[string, Partial<GrpoStage>, (recipe: Recipe) => Recipe]>([
    ['as it is', {}, (recipe) => recipe],
    ['without KL', { beta: 0 }, (recipe) => recipe],
    [
      'three steps on a rollout',
      { iterations: 3, evaluation: { ...unusualStage.evaluation, everySteps: 3 } },
      (recipe) => recipe,
    ],
    ['answers that are cut off, without a loss', { maskTruncated: true }, (recipe) => recipe],
    ['frames in reverse order only', { perturbations: ['reverse'] }, (recipe) => recipe],
    ['without motion', {}, (recipe) => ({ ...recipe, model: { ...recipe.model, motion: false } })],
    ['without reasoning', {}, (recipe) => ({ ...recipe, rules: { ...recipe.rules, reasoning: false } })],
    [
      'without the temporal reward',
      {},
      (recipe) => ({ ...recipe, rules: { ...recipe.rules, temporalOn: false } }),
    ],
    [
      'a perturbation for each answer',
      {},
      (recipe) => ({ ...recipe, rules: { ...recipe.rules, perturbDraw: 'answer' } }),
    ],
  ])('%s', async (_, stage, change) => {
    await check(change(unusual), { ...unusualStage, ...stage });
  });
});
