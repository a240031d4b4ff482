import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ruleChecks } from './rules.ts';

const folder = `${process.env.VQA_SHARED ?? '../shared'}/golden/rules`;

/** Least number of cases of each file, the index of one value in it, and a change of that value that must be seen. */
const files: readonly [name: string, least: number, index: string, change: number | string][] = [
  ['rewards.json', 153, 'cases.20.f64.rank.0', 1e-9],
  ['rewards.json', 153, 'cases.20.f32.head.reward.1', 1e-3],
  ['rewards_paper.json', 149, 'cases.3.sample_variance.raw.pairs.0.p.2', 1e-9],
  ['rewards_paper.json', 149, 'kl_and_clip.cases.5.k3', 1e-9],
  ['grpo_loss.json', 28, 'cases.8.trl.0.f64.grad.dapo.1.1', 1e-9],
  ['grpo_loss.json', 28, 'cases.8.trl.0.settings.importance_sampling_level', ' of another kind'],
  ['metrics.json', 133, 'cases.20.krcc', 1e-8],
  ['metrics.json', 133, 'overall.rows.4.weighted_by_videos', 1e-9],
  ['levels.json', 166, 'mos_to_level.cases.3.level', ' '],
];

/** Adds to the number, or appends to the word, at a index such as `cases.3.level`. */
function spoil(file: unknown, path: string, by: number | string): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  let holder = file as Record<string, unknown>;
  for (const key of keys) holder = holder[key] as Record<string, unknown>;
  const value = holder[last];
  if (typeof value === 'number' && typeof by === 'number') holder[last] = value + by;
  else if (typeof value === 'string' && typeof by === 'string') holder[last] = value + by;
  else throw new Error(`${path} is ${value}`);
}

test.skipIf(!existsSync(folder)).each(files)(
  '%s holds (%i cases), and a change at %s is a miss',
  (name, least, path, by) => {
    const file = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
    const check = ruleChecks[name]!;
    const report = check(file);
    expect(report.failures).toEqual([]);
    expect(report.cases).toBeGreaterThanOrEqual(least);
    expect(report.largestError).toBeLessThanOrEqual(report.limit);
    spoil(file, path, by);
    expect(check(file).failures.length).toBeGreaterThan(0);
  },
);
