import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ruleChecks } from './rules.ts';

const shared = process.env.VQA_SHARED ?? '../shared';
const folder = `${shared}/golden/rules`;
const vqa2Folder = `${shared}/golden-vqa2/rules`;

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

const vqa2Files: typeof files = [
  ['frames.json', 189, 'cases.80.ugc_nov.dense_count', 4],
  ['frames.json', 189, 'cases.80.train_head.key.2', 1],
  ['frames.json', 189, 'cases.80.train_nov_fps1.stack.1', 1],
  ['frames.json', 189, 'cases.80.qwen2_5.key.1', 1],
  ['prompts.json', 78, 'cases.0.user', ' '],
  ['prompts.json', 78, 'cases.2.ids.40', 1],
  ['prompts.json', 78, 'text_only.0.text', ' '],
  ['levels.json', 180, 'cases.7.score', 1e-9],
  ['mos_levels.json', 92, 'cases.6.level', ' '],
  ['stall.json', 26, 'cases.5.ver1', '0'],
  ['stall.json', 26, 'cases.5.ver2', ' '],
  ['qbench.json', 666, 'cases.3.printed_accuracy', 1],
  ['qbench.json', 666, 'runs.0.running_accuracy.5', 0.1],
  ['metrics.json', 6, 'cases.0.scores.3', 1e-8],
  ['metrics.json', 6, 'cases.2.written.0.1.0', ' "spearman"[0.5]"personr"[0.5]'],
  ['records.json', 54, 'cases.0.labels.7', 1],
  ['records.json', 54, 'cases.0.input_ids.7', 1],
  ['records.json', 54, 'qwen2_5_text.cases.0.texts.0', ' '],
  ['records.json', 54, 'two_samples.hfine.labels.0.7', 1],
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

describe.each([
  [folder, files],
  [vqa2Folder, vqa2Files],
] as const)('%s', (folder, files) => {
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
});
