/**
 * `kill -9` with the real engine: the run that goes on is, byte for byte but for times, the run that was never killed, its
 * saved weights too, and no process of it is left. Two moments in the fast tier, ten with VQA_SLOW, so many as VQA_KILLS
 * says. One thread on a CPU, the tiny checkpoint, three scenes of clips.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/stats/random.ts';
import type { Recipe } from '../../core/training/recipe.ts';
import { livingGroups, signalGroup } from '../engine/processes.ts';
import { checkpointBytes } from '../grpo/checkpoint-writer.ts';
import { streams } from '../runs/testing.ts';
import {
  engineGroups,
  engineMarks,
  hasPython,
  remove,
  runFolder,
  train,
  until,
  weights,
} from './real-engine.ts';

const slow = process.env.VQA_SLOW === '1';
const moments = Number(process.env.VQA_KILLS ?? (slow ? 10 : 2));
const STEPS = 6;
/** A command that ends ends its test: this is for one that hangs, on a machine that is busy with others. */
const PATIENCE = 3_600_000;

const home = mkdtempSync(join(tmpdir(), 'kill-'));
const recipe = join(home, 'kill.json');
writeFileSync(
  recipe,
  JSON.stringify({
    name: 'kill',
    extends: 'tiny-cpu',
    needs: '',
    engine: { decodeWorkers: 1 },
    rules: { videosPerStep: 4 },
    sources: {
      clips: { kind: 'procedural', split: 'family', groups: 8 },
      'held-out': { kind: 'procedural', split: 'family', groups: 8 },
    },
    stages: [
      {
        name: 'grpo',
        heldOut: [],
        steps: STEPS,
        k: 8,
        checkpoints: { everySteps: 2, keep: 1 },
        evaluation: { everySteps: null },
      },
    ],
  }),
);

const stepsOf = (folder: string | null) =>
  folder === null
    ? -1
    : readFileSync(join(folder, 'metrics.jsonl'), { encoding: 'utf8', flag: 'a+' }).split('\n').length - 1;

const stateOf = (folder: string): unknown =>
  (JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as { state: unknown }).state;

/** A rank comes back by itself: torchrun, its parent, lives on. */
type Victim = 'engine' | 'driver' | 'everything' | 'rank' | 'torchrun';

/** Kills once the run has said so many lines, and a while later; then resumes until it is finished. */
async function killed(name: string, victim: Victim, lines: number, delay: number) {
  const runs = join(home, name);
  const first = train(runs, recipe);
  await until(first, () => stepsOf(runFolder(runs)) >= lines && engineGroups(runFolder(runs)!).length > 1);
  await sleep(delay);
  const folder = runFolder(runs)!;
  const groups = engineGroups(folder);
  const marks = engineMarks(folder);
  if (victim === 'driver' || victim === 'everything') signalGroup(first.child.pid!, 'SIGKILL');
  if (victim === 'engine' || victim === 'everything')
    for (const group of groups) signalGroup(group, 'SIGKILL');
  if (victim === 'rank') signalGroup(groups[1]!, 'SIGKILL');
  if (victim === 'torchrun') signalGroup(groups[0]!, 'SIGKILL');
  const status = await first.ended;
  if (victim === 'rank') expect(status, first.text()).toBe(0);
  // On a quick machine death may come to a run that has just finished: nothing is left to resume.
  if (stateOf(folder) === 'finished') return folder;
  const again = train(runs, '--resume', basename(folder));
  let ended = false;
  void again.ended.then(() => {
    ended = true;
  });
  while (!ended) {
    marks.push(...engineMarks(folder));
    await sleep(100);
  }
  expect(await again.ended, again.text()).toBe(0);
  // Processes that the killed driver left behind are gone, as soon as the system has reaped it.
  for (const group of groups)
    await expect.poll(() => signalGroup(group, 0), { timeout: 300_000 }).toBe(false);
  // Nor is one of a rank that torchrun has started anew, of which no record tells.
  for (const mark of new Set(marks))
    await expect.poll(() => livingGroups({ mark, groups: [] }), { timeout: 300_000 }).toEqual([]);
  return folder;
}

/** Metrics and completions of a run, and the hash of the weights that it ended with. */
const outcome = (folder: string) => ({ ...streams(folder), weights: weights(folder, STEPS) });

describe.skipIf(!hasPython)('kill -9 (needs the Python environment)', () => {
  let whole: ReturnType<typeof outcome>;

  beforeAll(async () => {
    const runs = join(home, 'whole');
    const command = train(runs, recipe);
    expect(await command.ended, command.text()).toBe(0);
    whole = outcome(runFolder(runs)!);
    expect(whole.metrics).toHaveLength(STEPS);
    const folder = runFolder(runs)!;
    const log = readFileSync(join(folder, 'log.jsonl'), 'utf8');
    const [trainable, parameters] = /(\d+) of (\d+) parameters/.exec(log)!.slice(1).map(Number);
    const file = join(folder, 'checkpoints', `step-${STEPS}`, 'checkpoint.json');
    const { bytes } = JSON.parse(readFileSync(file, 'utf8')) as { bytes: number };
    const { stages } = JSON.parse(readFileSync(join(folder, 'recipe.json'), 'utf8')) as Recipe;
    const estimate = checkpointBytes(
      { parameters: parameters!, trainable: trainable! },
      'fp32',
      stages[0]!.optimiser,
    );
    // Beside the tensors there are their names, the tokenizer and the random states.
    expect(bytes / estimate).toBeGreaterThan(1);
    expect(bytes / estimate).toBeLessThan(1.3);
  }, PATIENCE);
  afterAll(() => remove(home));

  const random = seededRandom('moments of death');
  const victims: Victim[] = ['everything', 'engine', 'driver', 'rank', 'torchrun'];
  const cases = Array.from(
    { length: moments },
    (_, i) =>
      [
        victims[i % victims.length]!,
        i === 0 ? 3 : random.int(STEPS),
        Math.round(random.uniform() * 1500),
      ] as const,
  );

  test.each(cases)('of %s after %i steps and %i ms', { timeout: PATIENCE }, async (victim, lines, delay) => {
    const folder = await killed(`${victim}-${lines}-${delay}`, victim, lines, delay);
    expect(outcome(folder)).toEqual(whole);
  });
});
