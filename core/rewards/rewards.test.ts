import { expect, test } from 'vitest';
import { type RewardRules, RULES } from './reward-rules.ts';
import { batchRewards, readForReward } from './rewards.ts';

const answer = (written: string) =>
  readForReward(`<think>a</think><answer>${written}</answer>`, RULES.ours, [0, 5]);
const answers = (...written: string[]) => written.map(answer);

/** Oracle: fact sheet §8, confirmed by executing the official functions; five printed places. */
const section8 = [
  { mos: 3.23, raw: answers('3.12', '3.5', '3.31', '2.98') },
  { mos: 2.61, raw: answers('2.41', '2.75', '2.4', '3.05') },
];

test('the reference vectors of the released code', () => {
  const [one, two] = batchRewards(section8, RULES.official);
  const close = (got: readonly number[], want: number[], digits: number) =>
    want.forEach((value, k) => {
      expect(got[k]).toBeCloseTo(value, digits);
    });
  close(one!.raw.rank.reward, [0.943269, 0.994079, 0.978902, 0.896941], 6);
  close(two!.raw.rank.reward, [0.99257, 0.945853, 0.993102, 0.824256], 6);
  close(one!.regression, [0.97609, 0.691464, 0.987282, 0.882497], 6);
  close(two!.regression, [0.923116, 0.961558, 0.732462, 0.678955], 6);
  close(one!.advantage.values, [0.63433, -1.18043, 0.99777, -0.45167], 5);
  close(two!.advantage.values, [0.78627, 0.74367, -0.19258, -1.33737], 5);
});

test('α: "3.50" is fine as written, not as the float; "3.5" is in neither', () => {
  const factors = (rules: RewardRules) =>
    batchRewards(
      [{ mos: 3.5, raw: answers('3.50', '3.5', '3.49') }, section8[1]!],
      rules,
    )[0]!.raw.regression.map((reward) => reward!.factor);
  expect(factors(RULES.ours)).toEqual([1, 0.8, 1]);
  expect(factors(RULES.official)).toEqual([0.8, 0.8, 1]);
  expect(factors(RULES.paper)).toEqual([0.8, 0.8, 0.8]);
});

test('equal MOS: half and half, or nothing', () => {
  const even = [
    { mos: 3, raw: answers('3.00', '3.00') },
    { mos: 3, raw: answers('3.00', '3.00') },
  ];
  expect(batchRewards(even, RULES.ours)[0]!.raw.rank.reward[0]).toBeCloseTo(1.000002, 6);
  expect(batchRewards(even, RULES.paper)[0]!.raw.rank.reward[0]).toBeCloseTo(0.002, 9);
});

test('the bonus goes to answers above τ, to all K in the paper, to none that is unreadable', () => {
  const batch = [
    { mos: 4, raw: answers('4.05', '3.00', 'good'), perturbed: answers('2.00', '2.05', '2.10') },
    { mos: 2, raw: answers('2.05', '2.95', '1.90'), perturbed: answers('3.00', '3.05', '4.10') },
  ];
  const [ours] = batchRewards(batch, RULES.ours);
  expect(ours!.temporal!.regression).toMatchObject({ won: true, granted: true, bonus: [0.3, 0, 0] });
  expect(ours!.raw).toMatchObject({ unreadable: 1, format: [1, 1, 1] });
  expect([ours!.rank[2], ours!.regression[2], ours!.reward[2]]).toEqual([0, 0, 1]);
  // μ of the raw regression rewards is 0.47 here, below the paper's τ for the mean.
  const [paper] = batchRewards(batch, RULES.paper);
  expect(paper!.temporal!.regression).toMatchObject({ won: true, granted: false, bonus: [0, 0, 0] });
  expect(paper!.temporal!.rank.bonus.slice(0, 2)).toEqual([0.3, 0.3]);
});

test('the released code compares the means of the whole process, ours those of each video', () => {
  const batch = [
    { mos: 4, raw: answers('1.00', '1.05'), perturbed: answers('4.00', '4.05') },
    { mos: 2, raw: answers('2.05', '2.00'), perturbed: answers('2.45', '2.40') },
  ];
  const won = (rules: RewardRules) =>
    batchRewards(batch, { ...rules, temporalOn: true }).map((video) => video.temporal!.regression.won);
  expect(won(RULES.ours)).toEqual([false, true]);
  expect(won(RULES.official)).toEqual([false, false]);
});

test('without a perturbed copy there is no bonus, and the video is no opponent among the perturbed', () => {
  const batch = [
    { mos: 4, raw: answers('4.05', '3.95'), perturbed: null },
    { mos: 3, raw: answers('3.05', '3.00'), perturbed: answers('2.05', '2.00') },
    { mos: 2, raw: answers('2.05', '2.00'), perturbed: answers('1.05', '1.00') },
  ];
  const [still, moved] = batchRewards(batch, RULES.ours);
  expect(still!.perturbed).toBeNull();
  expect(still!.temporal!.rank).toMatchObject({ won: false, granted: false, bonus: [0, 0] });
  expect(moved!.perturbed!.rank.pairs.map((pair) => pair.opponent)).toEqual([2]);
});

test('sets that saturate tie in single precision, and the raw one wins', () => {
  // Every comparison is certain: the means differ by 2e-14, which is rounding and no judgement.
  const batch = [
    {
      mos: 0.846899,
      raw: answers('1.05', '0.68', '0.27', '0.50'),
      perturbed: answers('0.85', '0.85', '0.85', '0.84'),
    },
    {
      mos: 4.26,
      raw: answers('4.17', '4.96', '4.59', '4.34'),
      perturbed: answers('4.24', '4.27', '4.26', '4.26'),
    },
  ];
  const won = (precision: 'single' | 'double') =>
    batchRewards(batch, { ...RULES.ours, temporal: { ...RULES.ours.temporal, precision } })[0]!.temporal!.rank
      .won;
  expect([won('single'), won('double')]).toEqual([true, false]);
});

test('unreadable answers are drawn in the order of the released code, and only where the rules say so', () => {
  const draws = [1, 2, 3, 4, 5];
  const official = (text: string) => readForReward(text, RULES.official);
  const [one] = batchRewards(
    [
      { mos: 3, raw: [official('<answer>good</answer>'), official('no tags: 4')] },
      { mos: 2, raw: [official(''), official('<answer>2.25</answer>')] },
    ],
    RULES.official,
    () => draws.shift()!,
  );
  expect(one!.raw.rankScores).toEqual([1, 4]);
  expect(one!.raw.regressionScores).toEqual([3, 4]);
  expect(draws).toEqual([5]);
  expect(() => batchRewards([{ mos: 3, raw: [official('')] }], RULES.official)).toThrow(
    expect.objectContaining({ code: 'reward/no-draws' }),
  );
});

test('the three readings of one completion', () => {
  const read = (text: string) =>
    (['paper', 'official', 'ours'] as const).map(
      (parse) => readForReward(text, { ...RULES[parse], parse }).score,
    );
  expect(read('<think>a</think><answer>3.20</answer>')).toEqual([3.2, 3.2, 3.2]);
  expect(read('<answer>1.10</answer><answer>3.20 of 5</answer>')).toEqual([3.2, 3.2, null]);
  expect(read('about 3.2')).toEqual([null, 3.2, null]);
  expect(read('<answer>7.10</answer>')).toEqual([7.1, 7.1, null]);
});
