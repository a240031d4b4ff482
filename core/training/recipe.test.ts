import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RULES } from '../rewards/reward-rules.ts';
import { type Recipe, recipeSchema } from './recipe.ts';
import { scoreRange } from './recipe-checks.ts';
import { recipeFields } from './recipe-fields.ts';
import { canonicalJson, mergedRecipe, mergeRecipe, resolveRecipe } from './recipe-resolve.ts';

const folder = join(import.meta.dirname, '../../recipes');
const names = readdirSync(folder).map((file) => file.replace(/\.json$/, ''));
const load = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
const resolved = async (name: string): Promise<Recipe> => resolveRecipe(await mergedRecipe(load(name), load));

const least = {
  name: 'least',
  model: { checkpoint: 'x' },
  sources: { clips: { kind: 'procedural', split: 'train', groups: 8 } },
  stages: [{ name: 'a', objective: 'grpo', train: ['clips'], steps: 10 }],
};
const stage = (change: object) => ({ ...least, stages: [{ ...least.stages[0], ...change }] });
const fault = (recipe: unknown): unknown => {
  try {
    resolveRecipe(recipe);
    return null;
  } catch (error) {
    return (error as { params: unknown }).params;
  }
};

describe('shipped recipes', () => {
  test.each(names)(
    '%s resolves, carries its file name, and its resolved form resolves to itself',
    async (name) => {
      const recipe = await resolved(name);
      expect(recipe.name).toBe(name);
      expect(recipe.about).not.toBe('');
      expect(recipe.needs).not.toBe('');
      expect(recipeSchema.parse(recipe)).toEqual(recipe);
      expect(resolveRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
    },
  );

  test('the three modes of the 8B are the three rows of the rules', async () => {
    for (const [name, mode] of [
      ['vqathinker-8b-official', 'official'],
      ['vqathinker-8b-paper', 'paper'],
      ['vqathinker-8b', 'ours'],
    ] as const) {
      const recipe = await resolved(name);
      expect(recipe.rules).toEqual(RULES[mode]);
      expect(recipe.mode).toBe(mode);
    }
  });

  test('the official recipe is the released script', async () => {
    const { rules, stages, engine } = await resolved('vqathinker-8b-official');
    expect(stages).toHaveLength(1);
    expect(stages[0]).toMatchObject({
      objective: 'grpo',
      epochs: 3,
      k: 4,
      beta: 0.04,
      epsilonLow: 0.2,
      epsilonHigh: 0.2,
      lossType: 'grpo',
      iterations: 1,
      maxTokens: 2048,
      topP: 1,
      optimiser: {
        kind: 'adamw',
        lr: 1e-6,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weightDecay: 0,
        maxGradNorm: 1,
      },
      schedule: { kind: 'linear', warmupSteps: 0, length: 2631 },
      parts: {
        vision: true,
        visionProjector: true,
        languageModel: true,
        motionExtractor: false,
        motionProjector: true,
      },
      checkpoints: { everySteps: 100, keep: 1 },
    });
    expect(engine.processes).toBe(8);
    expect(rules).toMatchObject({ temperature: 1, topK: 50, videosPerStep: 32, temporalOn: false });
    expect(rules.rankOpponents).toEqual({ processVideos: 2 });
  });

  test('the paper’s recipe has its table of settings', async () => {
    const { rules, sources } = await resolved('vqathinker-8b-paper');
    expect(rules).toMatchObject({
      alphaMode: 'scale',
      temperature: 0.9,
      topK: 50,
      videosPerStep: 64,
      temporalOn: true,
    });
    expect(sources.lsvq).toMatchObject({ range: [0, 5], labels: 'rescaled1to5' });
  });
});

describe('what is refused', () => {
  test.each([
    ['an unknown field', { ...least, colour: 1 }, 'colour', 'is no field of a recipe'],
    ['an unknown rule', { ...least, rules: { gamma: 1 } }, 'rules.gamma', 'is no field of a recipe'],
    ['an unknown field of a stage', stage({ alpha: 1 }), 'stages[0].alpha', 'is no field of a recipe'],
    ['a negative β', stage({ beta: -1 }), 'stages[0].beta', 'must be at least 0'],
    ['a word for a number', stage({ beta: 'much' }), 'stages[0].beta', 'must be of type number'],
    ['half an answer', stage({ k: 1.5 }), 'stages[0].k', 'must be a whole number'],
    ['one answer', stage({ k: 1 }), 'stages[0].k', /at least 2/],
    ['neither steps nor epochs', stage({ steps: null }), 'stages[0].steps', /must be given/],
    ['both', stage({ epochs: 1 }), 'stages[0].steps', /not both/],
    ['another objective', stage({ objective: 'dpo' }), 'stages[0].objective', /none of those/],
    ['a source that is not there', stage({ train: ['x'] }), 'stages[0].train[0]', /names no source/],
    ['training on what is held out', stage({ heldOut: ['clips'] }), 'stages[0].heldOut', /trained on/],
    [
      'no part that trains',
      stage({
        parts: { vision: false, visionProjector: false, languageModel: false, motionProjector: false },
      }),
      'stages[0].parts',
      /one that trains/,
    ],
    [
      'checkpoints in the middle of a rollout',
      stage({ iterations: 3 }),
      'stages[0].checkpoints.everySteps',
      /multiple/,
    ],
    [
      'processes that do not fit',
      { ...least, mode: 'official', rules: { videosPerStep: 5 } },
      'rules.videosPerStep',
      /multiple of the 2/,
    ],
    [
      'processes of one video',
      { ...least, rules: { rankOpponents: { processVideos: 1 } } },
      'rules.rankOpponents.processVideos',
      'must be at least 2',
    ],
    [
      'MOS of videos without labels',
      { ...least, sources: { clips: { kind: 'paths', file: 'a.txt' } } },
      'rules.rankTruth',
      /must be "votes"/,
    ],
    [
      'a regression reward without labels',
      { ...least, rules: { rankTruth: 'votes' }, sources: { clips: { kind: 'paths', file: 'a.txt' } } },
      'rules.columns.regression',
      /must be 0/,
    ],
    [
      'supervision without labels',
      {
        ...stage({ objective: 'sft', texts: 'score' }),
        sources: { clips: { kind: 'paths', file: 'a.txt' } },
      },
      'stages[0].train',
      /no labels, which sft needs/,
    ],
    [
      'an evaluation without labels',
      {
        ...stage({ heldOut: ['list'] }),
        sources: { ...least.sources, list: { kind: 'paths', file: 'a.txt' } },
      },
      'stages[0].heldOut',
      /no labels to compare with/,
    ],
    ['one video a step', { ...least, rules: { videosPerStep: 1 } }, 'rules.videosPerStep', /compares videos/],
    [
      'a zero under the advantage',
      { ...least, rules: { advantage: { epsilon: 0 } } },
      'rules.advantage.epsilon',
      'must be more than 0',
    ],
    [
      'a bonus out of reach',
      { ...least, rules: { alphaMode: 'scale' } },
      'rules.temporal.tauRegression',
      /out of reach/,
    ],
    [
      'stochastic rounding of fp32',
      { ...stage({ optimiser: { kind: 'adamw-sr' } }), engine: { precision: 'fp32' } },
      'stages[0].optimiser.kind',
      /bf16/,
    ],
    ['a stage twice', { ...least, stages: [least.stages[0], least.stages[0]] }, 'stages[0].name', /twice/],
    ['no checkpoint', { ...least, model: {} }, 'model.checkpoint', 'is missing'],
    ['another version', { ...least, format: 2 }, 'format', 'must be 1'],
  ])('%s', (_, recipe, field, problem) => {
    expect(fault(recipe)).toEqual({ field, problem: expect.stringMatching(problem) });
  });

  test('a circle of recipes', async () => {
    const circle: Record<string, unknown> = { a: { extends: 'b' }, b: { extends: 'a' } };
    await expect(mergedRecipe(circle.a, (name) => circle[name])).rejects.toMatchObject({
      code: 'train/recipe',
      params: { field: 'extends' },
    });
  });

  test('a key that reaches for the prototype', () => {
    expect(() => mergeRecipe({}, JSON.parse('{"__proto__": {"x": 1}}'))).toThrow('train/recipe');
  });
});

test('stages are those of the recipe that extends, each from its namesake; other kinds replace', () => {
  const base = { stages: [{ name: 'a', objective: 'sft', steps: 1, optimiser: { lr: 1, weightDecay: 2 } }] };
  const over = {
    stages: [
      { name: 'b', objective: 'sft' },
      { name: 'a', optimiser: { lr: 3 } },
    ],
  };
  expect(mergeRecipe(base, over)).toEqual({
    stages: [
      { name: 'b', objective: 'sft' },
      { name: 'a', objective: 'sft', steps: 1, optimiser: { lr: 3, weightDecay: 2 } },
    ],
  });
  const other = { name: 'a', objective: 'grpo' };
  expect(mergeRecipe(base, { stages: [other] })).toEqual({ stages: [other] });
});

test('the objective `warmup` of early recipes is read as regression_pretrain', async () => {
  const now = await resolved('small-pretrain');
  const early = JSON.parse(JSON.stringify(now));
  early.stages[0].objective = 'warmup';
  expect(now.stages[0]!.objective).toBe('regression_pretrain');
  expect(resolveRecipe(early)).toEqual(now);
  const shorter = {
    extends: 'base',
    stages: [{ name: 'pretrain', objective: 'regression_pretrain', steps: 3 }],
  };
  expect(resolveRecipe(await mergedRecipe(shorter, () => early)).stages[0]).toMatchObject({
    ...now.stages[0],
    steps: 3,
  });
});

test('canonical JSON does not depend on the order of keys', () => {
  expect(canonicalJson({ b: [1, { y: null, x: 'é' }], a: 1e-6 })).toBe(
    '{"a":0.000001,"b":[1,{"x":"é","y":null}]}',
  );
  expect(canonicalJson(JSON.parse('{"a":1,"b":2}'))).toBe(canonicalJson(JSON.parse('{"b":2,"a":1}')));
});

test('scores are read on the scale of the labels', async () => {
  expect(scoreRange(await resolved('vqathinker-8b-official'))).toEqual([0, 5]);
  expect(scoreRange(await resolved('vqathinker-8b-paper'))).toEqual([1, 5]);
  expect(scoreRange(await resolved('small-grpo'))).toEqual([1, 5]);
});

test('every field of a recipe is explained', () => {
  const fields = recipeFields();
  expect(fields.filter((field) => field.about === '').map((field) => field.path)).toEqual([]);
  const paths = fields.map((field) => field.path);
  for (const row of Object.keys(RULES.ours)) expect(paths).toContain(`rules.${row}`);
  expect(paths).toContain('stages[].optimiser.lr');
  expect(paths).toContain('sources.*.kind');
  expect(fields.find((field) => field.path === 'stages[].beta')).toMatchObject({
    of: 'grpo',
    default: '0.04',
  });
});
