/** Advantages beside those of TRL's own lines, executed in the project's Python (`trl_advantages.py`). */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { batchAdvantages } from '../../core/rewards/advantage.ts';
import { RULES } from '../../core/rewards/reward-rules.ts';
import { seededRandom } from '../../core/stats/random.ts';
import { python } from '../../scripts/python.mjs';

const K = 4;
const weights = [1, 0.7, 2];
const random = seededRandom('advantages');
/** [groups][columns][K]; one group of equal rewards, one column of equal rewards in another. */
const groups = Array.from({ length: 5 }, (_, g) =>
  weights.map((_, c) =>
    Array.from({ length: K }, () => (g === 2 || (g === 3 && c === 1) ? 0.5 : random.uniform())),
  ),
);

const cases = [
  { scale: 'group', order: 'sumThenNormalize' },
  { scale: 'batch', order: 'sumThenNormalize' },
  { scale: 'none', order: 'sumThenNormalize' },
  { scale: 'group', order: 'normalizeThenSum' },
] as const;
const trlNames = {
  sumThenNormalize: 'sum_then_normalize',
  normalizeThenSum: 'normalize_then_sum',
} as const;

function executed(): number[][] | null {
  if (!existsSync(python)) return null;
  const rewards = groups.flatMap((columns) =>
    Array.from({ length: K }, (_, k) => columns.map((values) => values[k])),
  );
  const input = cases.map(({ scale, order }) => ({
    rewards,
    weights,
    generations: K,
    scale,
    order: trlNames[order],
  }));
  const done = spawnSync(python, [join(import.meta.dirname, 'trl_advantages.py')], {
    input: JSON.stringify(input),
    encoding: 'utf8',
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout) as number[][] | null;
}

const expected = executed();

test.skipIf(expected === null).each(cases.map((one, i) => [one.scale, one.order, i] as const))(
  'scale %s, %s (needs TRL)',
  (scale, order, i) => {
    const given = groups.map((columns) => ({
      columns: columns.map((values, c) => ({ weight: weights[c]!, values })),
      reward: Array.from({ length: K }, (_, k) =>
        columns.reduce((sum, values, c) => sum + weights[c]! * values[k]!, 0),
      ),
    }));
    const rules = { ...RULES.ours.advantage, scale, order };
    const values = batchAdvantages(given, rules).flatMap((group) => group.values);
    const reference = expected![i]!;
    expect(values).toHaveLength(reference.length);
    for (const [at, value] of values.entries()) expect(Math.abs(value - reference[at]!)).toBeLessThan(1e-5);
    expect(Math.max(...reference.map(Math.abs))).toBeGreaterThan(0.1);
  },
);
