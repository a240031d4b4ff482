import { expect, test } from 'vitest';
import { levelBand } from '../../../../core/answer/level-band.ts';
import { levelScore } from '../../../../core/answer/levels.ts';
import { scoreProtocols } from '../../../../core/vqa2/protocols.ts';
import type { LevelOutcome } from '../../../assessment/vqa2/outcome.ts';
import { outcomeView, probabilityText, resultView } from './level-view.ts';

const { blocks } = scoreProtocols['ugc-2025'];
const logits = [2, 1, 0, -1, -2];
const levels = levelScore(logits)!;
const outcome: LevelOutcome = {
  protocol: 'ugc-2025',
  blocks,
  weights: 'scripts',
  prompt: 'p',
  plan: { keyFrames: [0, 25], denseFrames: [0, 1, 2, 3] },
  denseStep: 1,
  stalls: null,
  logits,
  levels,
  value: levels.scriptScore,
  tokens: 99,
  reusedTokens: 9,
};

test('a score of 100 in bands of 20, the ends in the outer ones', () => {
  expect([0, 19.9, 20, 59.99, 60, 80, 100].map(levelBand)).toEqual([1, 1, 2, 3, 4, 5, 5]);
});

test('the mean of the rows by their points is the score that is shown', () => {
  const view = outcomeView(outcome);
  const mean = view.rows.reduce((sum, { probability, points }) => sum + probability * points, 0);
  expect(view.score).toBe(mean.toFixed(1));
  expect(view.rows.map(({ band }) => band)).toEqual([5, 4, 3, 2, 1]);
  expect(view).toMatchObject({ dense: { count: 4, step: 1 }, keyFrames: 2, blocks: 2, reusedTokens: 9 });
  expect(view.scriptScore).toBe(levels.scriptScore.toFixed(3));
});

test('small probabilities are not shown as none', () => {
  expect([0, 0.0001, 0.5, 1].map(probabilityText)).toEqual(['0.0 %', '< 0.1 %', '50.0 %', '100.0 %']);
});

test('a result of a model that answers in text has no levels', () => expect(resultView({})).toBeNull());
