import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rankRewards, voteShare } from './ranking.ts';
import { RULES } from './reward-rules.ts';

const score = fc.integer({ min: 100, max: 500 }).map((n) => n / 100);
const video = fc.record({ mos: score, scores: fc.array(score, { minLength: 2, maxLength: 6 }) });
const videos = fc.array(video, { minLength: 2, maxLength: 5 });

test('mirroring the scale changes no rank reward: the measure is symmetric', () => {
  fc.assert(
    fc.property(videos, (batch) => {
      const mirrored = batch.map(({ mos, scores }) => ({ mos: -mos, scores: scores.map((s) => -s) }));
      const [plain, other] = [rankRewards(batch, RULES.ours), rankRewards(mirrored, RULES.ours)];
      for (const [i, { reward }] of plain.entries())
        for (const [k, value] of reward.entries()) expect(other[i]!.reward[k]).toBeCloseTo(value, 11);
    }),
  );
});

test('p and q of an answer are complements', () => {
  fc.assert(
    fc.property(videos, (batch) => {
      for (const { pairs } of rankRewards(batch, RULES.ours))
        for (const { p, q } of pairs)
          for (const [k, value] of p.entries()) expect(value! + q[k]!).toBeCloseTo(1, 14);
    }),
  );
});

test('a shift of all scores and the order of the opponents change nothing', () => {
  fc.assert(
    fc.property(videos, score, (batch, shift) => {
      const moved = batch.map(({ mos, scores }) => ({ mos, scores: scores.map((s) => s + shift) })).reverse();
      const [plain, other] = [rankRewards(batch, RULES.ours), rankRewards(moved, RULES.ours).reverse()];
      for (const [i, { reward }] of plain.entries())
        for (const [k, value] of reward.entries()) expect(other[i]!.reward[k]).toBeCloseTo(value, 9);
    }),
  );
});

test('rewards stay within 2√ε and √(1+ε) + √ε', () => {
  fc.assert(
    fc.property(videos, (batch) => {
      for (const { reward } of rankRewards(batch, RULES.paper))
        for (const value of reward) {
          expect(value).toBeGreaterThanOrEqual(0.002 - 1e-15);
          expect(value).toBeLessThanOrEqual(1.0010005);
        }
    }),
  );
});

test('unreadable answers: no reward, no part in mean and variance, no opponent without any', () => {
  const batch = [
    { mos: 4, scores: [4.1, null, null] },
    { mos: 2, scores: [2.0, 2.2, null] },
    { mos: 3, scores: [null, null, null] },
  ];
  const [one, two, none] = rankRewards(batch, RULES.ours);
  expect([one!.mean, one!.variance, one!.pairs.length]).toEqual([4.1, 0, 1]);
  expect(one!.reward.slice(1)).toEqual([0, 0]);
  expect(one!.reward[0]).toBeGreaterThan(0.99);
  expect(two!.pairs.map((pair) => pair.opponent)).toEqual([0]);
  expect(none).toEqual({ mean: null, variance: null, pairs: [], reward: [0, 0, 0] });
});

test('a lone video: no reward here, an error in the released code', () => {
  const lone = [{ mos: 3, scores: [3, 3.2] }];
  expect(rankRewards(lone, RULES.ours)[0]!.reward).toEqual([0, 0]);
  expect(() => rankRewards(lone, RULES.official)).toThrow(
    expect.objectContaining({ code: 'reward/no-opponent' }),
  );
});

test('votes: the majority of the comparisons is the truth, and no MOS is read', () => {
  // Of nine comparisons the first video wins five: 4 against all, 2 and 2 against 1.
  const batch = [
    { mos: null, scores: [4, 2, 2] },
    { mos: null, scores: [3.5, 3.9, 1] },
  ];
  expect(voteShare(batch[0]!.scores, batch[1]!.scores)).toBe(5 / 9);
  const rules = { ...RULES.ours, rankTruth: 'votes' } as const;
  const labelled = [
    { mos: 2, scores: batch[0]!.scores },
    { mos: 1, scores: batch[1]!.scores },
  ];
  expect(rankRewards(batch, rules)).toEqual(rankRewards(labelled, RULES.ours));
  // Labels that contradict the votes change nothing.
  expect(
    rankRewards(
      [...labelled].map((video) => ({ ...video, mos: -video.mos })),
      rules,
    ),
  ).toEqual(rankRewards(batch, rules));
  expect(() => rankRewards(batch, RULES.ours)).toThrow(expect.objectContaining({ code: 'reward/no-label' }));
});

test('votes: a tie is a pair of equal MOS, and unreadable answers have no vote', () => {
  const rules = { ...RULES.ours, rankTruth: 'votes' } as const;
  expect(voteShare([3, null, 3], [3, null])).toBe(0.5);
  expect(voteShare([null, 2], [1, 3, 1])).toBeCloseTo(2 / 3, 15);
  const [one] = rankRewards(
    [
      { mos: null, scores: [3, 3] },
      { mos: null, scores: [3, 3] },
    ],
    rules,
  );
  expect(one!.pairs[0]).toMatchObject({ better: 0.5, worse: 0.5 });
});
