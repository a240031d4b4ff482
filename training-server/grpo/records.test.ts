/** Metrics of a rollout. Oracle for the perturbed completions: the same ones rewarded by themselves, as clean. */
import { expect, test } from 'vitest';
import { RULES } from '../../core/rewards/reward-rules.ts';
import { batchRewards, readForReward } from '../../core/rewards/rewards.ts';
import { mean } from '../../core/stats/moments.ts';
import { rolloutMetrics } from './records.ts';
import type { Rollout, VideoCompletions } from './rollout.ts';

const rules = RULES.ours;
const text = (score: string) => `<think>Seen.</think><answer>${score}</answer>`;
const completionsOf = (scores: readonly string[]) =>
  scores.map((score) => ({ tokens: [1, 2], text: text(score), logps: [0, 0], end: 'eos' as const }));
const readOf = (scores: readonly string[]) => scores.map((score) => readForReward(text(score), rules));

function videoOf(
  mos: number,
  clean: readonly string[],
  perturbed: readonly string[] | null,
): VideoCompletions {
  const video = { path: `${mos}.mp4`, indices: [0] };
  return {
    view: {
      item: { path: video.path, mos, source: 'clips', id: String(mos) },
      frames: 1,
      video,
      seed: 1,
      perturbed: [{ mode: 'shuffle', video: perturbed && video, seed: 2 }],
    },
    clean: completionsOf(clean),
    cleanRead: readOf(clean),
    perturbed: perturbed && completionsOf(perturbed),
    perturbedRead: perturbed && readOf(perturbed),
  };
}

function rolloutOf(videos: readonly VideoCompletions[]): Rollout {
  const rewards = batchRewards(
    videos.map(({ view, cleanRead, perturbedRead }) => ({
      mos: view.item.mos,
      raw: cleanRead,
      perturbed: perturbedRead,
    })),
    rules,
  );
  const seconds = { engine: 0, reward: 0 };
  return { batch: 0, epoch: 0, videos, rewards, failed: 0, seconds, phases: {}, tokens: 8 };
}

const sides = [
  { mos: 2, clean: ['2.10', '2.40'], perturbed: ['1.20', '1.90'] },
  { mos: 4, clean: ['3.90', '3.10'], perturbed: ['3.60', '3.80'] },
  { mos: 3, clean: ['3.00', 'no idea'], perturbed: ['2.00', 'none'] },
] as const;

test('perturbed completions are rewarded like clean ones, without a bonus', () => {
  const values = rolloutMetrics(
    rolloutOf(sides.map(({ mos, clean, perturbed }) => videoOf(mos, clean, perturbed))),
    rules,
  );
  const alone = batchRewards(
    sides.map(({ mos, perturbed }) => ({ mos, raw: readOf(perturbed) })),
    { ...rules, temporalOn: false },
  );
  expect(values['perturbed/reward']).toBeCloseTo(mean(alone.flatMap(({ reward }) => reward)), 12);
  expect(values['temporal/bonus']).toBeGreaterThan(0);
});

test('clean and perturbed scores are compared by video, without unreadable completions', () => {
  const values = rolloutMetrics(
    rolloutOf(sides.map(({ mos, clean, perturbed }) => videoOf(mos, clean, perturbed))),
    rules,
  );
  expect(values['temporal/score']).toBeCloseTo((2.25 + 3.5 + 3) / 3, 12);
  expect(values['perturbed/score']).toBeCloseTo((1.55 + 3.7 + 2) / 3, 12);
  expect(values['temporal/margin']).toBeCloseTo((0.7 - 0.2 + 1) / 3, 12);
  expect(values['temporal/preferred']).toBeCloseTo(2 / 3, 12);
});

test('a video that cannot be perturbed has no perturbed metrics', () => {
  const [first, , third] = sides;
  const whole = rolloutMetrics(
    rolloutOf([videoOf(first.mos, first.clean, first.perturbed), videoOf(third.mos, third.clean, null)]),
    rules,
  );
  expect(whole['temporal/margin']).toBeCloseTo(0.7, 12);
  const none = rolloutMetrics(rolloutOf([videoOf(first.mos, first.clean, null)]), rules);
  expect(Object.keys(none).filter((name) => name.startsWith('perturbed/'))).toEqual([]);
  expect(none['temporal/unperturbable']).toBe(1);
});
