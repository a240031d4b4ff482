/** Figures of a rollout. Oracle of the damaged side: the same answers rewarded by themselves, as if nothing were damaged. */
import { expect, test } from 'vitest';
import { RULES } from '../../core/rewards/reward-rules.ts';
import { batchRewards, readForReward } from '../../core/rewards/rewards.ts';
import { mean } from '../../core/stats/moments.ts';
import { rolloutValues } from './records.ts';
import type { Answered, Rollout } from './rollout.ts';

const rules = RULES.ours;
const text = (score: string) => `<think>Seen.</think><answer>${score}</answer>`;
const answersOf = (scores: readonly string[]) =>
  scores.map((score) => ({ tokens: [1, 2], text: text(score), logps: [0, 0], end: 'eos' as const }));
const readOf = (scores: readonly string[]) => scores.map((score) => readForReward(text(score), rules));

function answered(mos: number, raw: readonly string[], copy: readonly string[] | null): Answered {
  const video = { path: `${mos}.mp4`, indices: [0] };
  return {
    view: {
      item: { path: video.path, mos, source: 'clips', id: String(mos) },
      frames: 1,
      video,
      seed: 1,
      damages: [{ mode: 'shuffle', video: copy && video, seed: 2 }],
    },
    answers: answersOf(raw),
    read: readOf(raw),
    perturbedAnswers: copy && answersOf(copy),
    perturbedRead: copy && readOf(copy),
  };
}

function rolloutOf(videos: readonly Answered[]): Rollout {
  const rewards = batchRewards(
    videos.map(({ view, read, perturbedRead }) => ({
      mos: view.item.mos,
      raw: read,
      perturbed: perturbedRead,
    })),
    rules,
  );
  const seconds = { engine: 0, reward: 0 };
  return { batch: 0, epoch: 0, answered: videos, rewards, failed: 0, seconds, phases: {}, tokens: 8 };
}

const sides = [
  { mos: 2, raw: ['2.10', '2.40'], copy: ['1.20', '1.90'] },
  { mos: 4, raw: ['3.90', '3.10'], copy: ['3.60', '3.80'] },
  { mos: 3, raw: ['3.00', 'no idea'], copy: ['2.00', 'none'] },
] as const;

test('the damaged side is worth what its answers are, without a bonus', () => {
  const values = rolloutValues(rolloutOf(sides.map(({ mos, raw, copy }) => answered(mos, raw, copy))), rules);
  const alone = batchRewards(
    sides.map(({ mos, copy }) => ({ mos, raw: readOf(copy) })),
    { ...rules, temporalOn: false },
  );
  expect(values['perturbed/reward']).toBeCloseTo(mean(alone.flatMap(({ reward }) => reward)), 12);
  expect(values['temporal/bonus']).toBeGreaterThan(0);
});

test('scores of both sides are compared video by video, unreadable answers left out', () => {
  const values = rolloutValues(rolloutOf(sides.map(({ mos, raw, copy }) => answered(mos, raw, copy))), rules);
  expect(values['temporal/score']).toBeCloseTo((2.25 + 3.5 + 3) / 3, 12);
  expect(values['perturbed/score']).toBeCloseTo((1.55 + 3.7 + 2) / 3, 12);
  expect(values['temporal/margin']).toBeCloseTo((0.7 - 0.2 + 1) / 3, 12);
  expect(values['temporal/preferred']).toBeCloseTo(2 / 3, 12);
});

test('a video that cannot be damaged has no damaged side', () => {
  const [first, , third] = sides;
  const whole = rolloutValues(
    rolloutOf([answered(first.mos, first.raw, first.copy), answered(third.mos, third.raw, null)]),
    rules,
  );
  expect(whole['temporal/margin']).toBeCloseTo(0.7, 12);
  const none = rolloutValues(rolloutOf([answered(first.mos, first.raw, null)]), rules);
  expect(Object.keys(none).filter((name) => name.startsWith('perturbed/'))).toEqual([]);
  expect(none['temporal/unperturbable']).toBe(1);
});
