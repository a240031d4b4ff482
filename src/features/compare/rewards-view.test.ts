/** Oracle: the formulas computed by hand, and `batchRewards`, which the golden files check. */
import { describe, expect, it } from 'vitest';
import { type RewardInput, rewardView, short } from './rewards-view.ts';

const NAMES = { rank: 'rank', regression: 'regression' };
const answer = (score: string) => `<think>Fine.</think><answer>${score}</answer>`;
const input = (change: Partial<RewardInput> = {}): RewardInput => ({
  mode: 'ours',
  range: [1, 5],
  a: ['3.87', '3.62', '3.75', '3.91'].map(answer),
  b: ['3.1', '3.3', '3.2', '3.0'].map(answer),
  perturbed: true,
  mosA: 3.71,
  mosB: null,
  opponent: null,
  ...change,
});

describe('rewardView', () => {
  it('works out regression, temporal bonus, sum and advantage', () => {
    const { rows, formulas, ranked } = rewardView(input());
    expect(ranked).toBe(false);
    // exp(−0.16²/0.5) = 0.95009.
    expect(rows[0]?.regression).toBeCloseTo(0.95009, 5);
    expect(rows[0]?.temporal).toBeCloseTo(0.3, 12);
    expect(rows[0]?.rank).toBeNull();
    expect(formulas(0, NAMES).regression).toBe('exp(−(3.87 − 3.71)² / (2 · 0.5²)) = **.950**');
    expect(formulas(0, NAMES).temporal).toMatch(
      /^regression \.9\d\d ≥ \.\d\d\d, \.950 > \.9 → \*\*\+\.3\*\*$/,
    );
    const sum = rows.reduce((total, row) => total + (row.advantage ?? 0), 0);
    expect(sum).toBeCloseTo(0, 9);
  });
  it('ranks against another video', () => {
    const { rows, formulas } = rewardView(input({ opponent: { scores: [2.4, 2.6], mos: 2.5 } }));
    // Φ of about 9 standard deviations: 1 and √(1 + ε) + √ε.
    expect(rows[0]?.rank).toBeCloseTo(1.001, 3);
    expect(formulas(0, NAMES).rank).toMatch(
      /^√\(p·1 \+ 1e-6\) \+ √\(\(1−p\)·0 \+ 1e-6\), p = Φ\(\(3\.87 − 2\.5\) \/ \.\d{3}\) = Φ\(\d\.\d\d\) = 1\.000 → \*\*1\.001\*\*$/,
    );
  });
  it('punishes by the rules of the mode', () => {
    const one = (mode: RewardInput['mode']) =>
      rewardView(input({ mode, a: [answer('3.50'), answer('3.71')] })).rows[0]!.regression!;
    const gaussian = Math.exp(-(0.21 ** 2) / 0.5);
    expect(one('ours')).toBeCloseTo(gaussian, 9);
    expect(one('official')).toBeCloseTo(0.8 * gaussian, 9);
    expect(one('paper')).toBeCloseTo(0.8 * gaussian, 9);
  });
  it('says where the released code would stop, and has no temporal reward as its script', () => {
    const official = rewardView(input({ mode: 'official' }));
    expect(official.raises).toBe('ZeroDivisionError');
    expect(official.rows[0]?.temporal).toBeNull();
    const two = rewardView(input({ mode: 'official', opponent: { scores: [2, 3], mos: 2 } }));
    expect(two.raises).toBeNull();
  });
  it('without a human score shows only what needs none', () => {
    const { rows, formulas } = rewardView(input({ mosA: null }));
    expect(rows[0]).toMatchObject({ format: 1, rank: null, regression: null, sum: null, advantage: null });
    expect(Object.keys(formulas(0, NAMES))).toEqual(['format']);
  });
  it('takes two videos as each other’s opponents', () => {
    const { ranked, rows } = rewardView(input({ perturbed: false, mosB: 2.5 }));
    expect(ranked).toBe(true);
    expect(rows[0]?.rank).toBeGreaterThan(0.9);
    expect(rewardView(input({ perturbed: false })).ranked).toBe(false);
  });
  it('gives an unreadable answer nothing, or what the released code draws', () => {
    const a = [answer('good'), answer('3.71')];
    expect(rewardView(input({ a })).rows[0]).toMatchObject({ score: null, regression: 0 });
    const official = rewardView(input({ a, mode: 'official', opponent: { scores: [2], mos: 2 } }));
    expect(official.drawn).toBe(true);
    expect(official.rows[0]?.score).toBe(Math.round(official.rows[0]!.score!));
  });
  it('has no advantage for one answer', () => {
    expect(rewardView(input({ a: [answer('3.7')] })).rows[0]?.advantage).toBeNull();
  });
});

describe('short', () => {
  it('writes numbers as tables do', () =>
    expect([0.943, -0.34, 1.0005, 0, -0.0001, Number.NaN].map((x) => short(x, 2))).toEqual([
      '.94',
      '−.34',
      '1.00',
      '.00',
      '.00',
      'NaN',
    ]));
});
