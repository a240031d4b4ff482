/**
 * GRPO with the real engine raises the reward: one short seed in the fast tier, three seeds of `tiny-cpu` with VQA_SLOW,
 * where the 95 % intervals of the gains in reward and in held-out SRCC must lie above 0.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mergeRecipe, resolveRecipe } from '../../core/training/recipe-resolve.ts';
import { recipeFromFile } from '../recipes/recipe-files.ts';
import { gainOver, learn, learnAll, summary } from './learning.ts';
import { hasPython, project } from './real-engine.ts';

const slow = process.env.VQA_SLOW === '1';
const tiny = () => recipeFromFile(join(project, 'recipes', 'tiny-cpu.json'));
const quiet = () => {};

/** Steps of the short run, and batches in a pass over its clips: both ends of it see the same clips. */
const [STEPS, PASS] = [16, 4];

describe.skipIf(!hasPython)('learning (needs the Python environment)', () => {
  test('one short seed raises the reward', { timeout: 600_000 }, async () => {
    const clips = { kind: 'procedural', split: 'family', groups: 8 };
    const short = {
      name: 'short',
      rules: { temporalOn: false, videosPerStep: 8 },
      sources: { clips, 'held-out': clips },
      stages: [
        { ...(await tiny()).stages[0], heldOut: [], steps: STEPS, k: 8, schedule: { kind: 'constant' } },
      ],
    };
    const { reward } = await learn(resolveRecipe(mergeRecipe(await tiny(), short)), PASS, quiet);
    expect(reward[1]).toBeGreaterThan(reward[0]);
  });

  test.runIf(slow)('three seeds raise reward and held-out SRCC', { timeout: 3_600_000 }, async () => {
    const gains = await learnAll(await tiny(), [1, 2, 3], 2, quiet);
    const [reward, srcc] = [
      gainOver(gains.map((gain) => gain.reward)),
      gainOver(gains.map((gain) => gain.srcc!)),
    ];
    expect(reward!.low, summary(gains)).toBeGreaterThan(0);
    expect(srcc!.low, summary(gains)).toBeGreaterThan(0);
  });
});
