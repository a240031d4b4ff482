/** A runs folder with videos that only a fake engine can read, for tests of driver and runs. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { smallPromptSha256 } from '../../core/answer/prompts.ts';
import { profileOf } from '../../core/sampling/profiles.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import { mergeRecipe, resolveRecipe } from '../../core/training/recipe-resolve.ts';
import type { Run } from '../../core/training/run.ts';
import { FakeEngine, type FakeEngineOptions } from '../engine/fake-engine.ts';
import { type ManagerOptions, RunManager } from './manager.ts';

const profile = profileOf({
  name: 'test8',
  frames: 8,
  size: 64,
  patch: 16,
  sampling: 'goldenRatio',
  vision: { pixels: 'squash' },
  motion: { pixels: 'squash', frames: 'successors' },
  prompt: 'small',
  promptSha256: smallPromptSha256[8],
  tokenIds: { imageStart: 1, imageEnd: 2, context: 3 },
});

export interface Fixture {
  readonly root: string;
  readonly engines: FakeEngine[];
  manager(options?: Partial<ManagerOptions>, engine?: FakeEngineOptions): Promise<RunManager>;
}

/** @param videos number of videos in the sources `train` and `held` */
export function fixture(videos = { train: 20, held: 6 }): Fixture {
  const root = mkdtempSync(join(tmpdir(), 'runs-'));
  mkdirSync(join(root, 'checkpoint'));
  const config = { profiles: { test8: profile }, default_profile: 'test8' };
  writeFileSync(join(root, 'checkpoint', 'config.json'), JSON.stringify(config));
  const truths = new Map<string, number>();
  for (const [name, count] of Object.entries(videos)) {
    const names = Array.from({ length: count }, (_, i) => `${name}-${i}.mp4`);
    for (const file of names) writeFileSync(join(root, file), file);
    const labels = names.map((_, i) => 1 + (4 * ((i * 7) % count)) / count);
    for (const [i, file] of names.entries()) truths.set(file, labels[i]!);
    const rows = names.map((file, i) => `${file},${labels[i]!.toFixed(2)}`);
    writeFileSync(join(root, `${name}.csv`), `path,mos\n${rows.join('\n')}\n`);
  }
  const engines: FakeEngine[] = [];
  return {
    root,
    engines,
    manager: (options = {}, engine = {}) =>
      RunManager.open({
        runs: join(root, 'runs'),
        roots: [root],
        cache: join(root, 'cache'),
        startEngine: async () => {
          const made = new FakeEngine({ truth: (path) => truths.get(basename(path))!, ...engine });
          engines.push(made);
          return made;
        },
        ...options,
      }),
  };
}

const source = (file: string) => ({ kind: 'csv', file, range: [1, 5], labels: 'asWritten' });

/** @param change merged into a small GRPO recipe: 12 steps of 4 videos, checkpoints every 3, evaluation every 4 */
export function testRecipe(change: object = {}): Recipe {
  const base = {
    name: 'test',
    model: { checkpoint: 'checkpoint' },
    engine: { device: 'cpu', precision: 'fp32' },
    rules: { videosPerStep: 4, labels: 'rescaled1to5' },
    sources: { train: source('train.csv'), held: source('held.csv') },
    stages: [
      {
        name: 'grpo',
        objective: 'grpo',
        train: ['train'],
        heldOut: ['held'],
        steps: 12,
        k: 3,
        evaluation: { everySteps: 4 },
        checkpoints: { everySteps: 3, keep: 2 },
      },
    ],
  };
  return resolveRecipe(mergeRecipe(base, change));
}

/** Resolves with the run when it is neither queued nor running. */
export function settled(manager: RunManager, id: string): Promise<Run> {
  const busy = new Set(['queued', 'starting', 'running']);
  return new Promise((resolve) => {
    const off = manager.onChange((run) => {
      if (run.id !== id || busy.has(run.state)) return;
      off();
      resolve(run);
    });
    const now = manager.get(id);
    if (!busy.has(now.state)) {
      off();
      resolve(now);
    }
  });
}

/** Metrics and completions of a run without times, which a resume reproduces byte for byte. */
export function streams(folder: string): { metrics: string[]; completions: string } {
  const lines = readFileSync(join(folder, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  const metrics = lines.map((line) => {
    const {
      time: _,
      values,
      ...record
    } = JSON.parse(line) as { time: number; values: Record<string, number> };
    const lasting = Object.entries(values).filter(([name]) => !name.startsWith('seconds/'));
    return JSON.stringify({ ...record, values: Object.fromEntries(lasting) });
  });
  return { metrics, completions: readFileSync(join(folder, 'completions.jsonl'), 'utf8') };
}
