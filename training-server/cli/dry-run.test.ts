/** A dry run: every stage once, the report, and nothing left behind; time that is left on the terminal. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeEngine, type FakeEngineOptions } from '../engine/fake-engine.ts';
import { fixture, testRecipe } from '../runs/testing.ts';
import { dryRun, reportLines, shortened } from './dry-run.ts';
import { durationText, StepTimes, stepLine } from './terminal.ts';

const sources = [
  { name: 'train', role: 'train', videos: 20 },
  { name: 'held', role: 'heldOut', videos: 6 },
].map((source) => ({
  ...source,
  role: source.role as 'train' | 'heldOut',
  missing: [],
  unreadable: [],
  duplicates: [],
  leftOut: [],
  labels: null,
  seconds: null,
}));

async function run(recipe = testRecipe(), options: FakeEngineOptions = {}) {
  const at = fixture();
  const engines: FakeEngine[] = [];
  const startEngine = async () => {
    engines.push(new FakeEngine(options));
    return engines.at(-1)!;
  };
  const folders = {
    runs: join(at.root, 'runs'),
    roots: [at.root],
    cache: join(at.root, 'cache'),
    location: {},
  };
  const status = await dryRun(recipe, { sources }, { ...folders, manager: { startEngine } });
  return { status, calls: engines.flatMap(({ calls }) => calls.map(({ method }) => method)), ...folders };
}

test('one rollout, one update, one evaluation and one checkpoint, then nothing is left', async () => {
  const { status, calls, runs } = await run();
  expect(status).toBe(0);
  const counted = (method: string) => calls.filter((called) => called === method).length;
  expect([counted('update'), counted('save'), counted('export')]).toEqual([1, 1, 1]);
  expect(counted('rollout')).toBe(2);
  expect(existsSync(runs)).toBe(true);
  expect(readdirSync(runs)).toEqual([]);
});

test('a fault ends it with status 1, and nothing is left', async () => {
  const before: NonNullable<FakeEngineOptions['before']> = (method, _, fake) => {
    if (method === 'update') fake.die('CUDA out of memory');
  };
  const { status, runs } = await run(testRecipe(), { before });
  expect(status).toBe(1);
  expect(readdirSync(runs)).toEqual([]);
});

test('every stage is taken once, with all steps of its rollout', () => {
  const [grpo] = testRecipe().stages;
  const sft = {
    name: 'sft',
    objective: 'sft',
    train: ['train'],
    texts: 'score',
    steps: 500,
    videosPerStep: 4,
  };
  const recipe = testRecipe({
    stages: [sft, { ...grpo, iterations: 3, checkpoints: { everySteps: 3 }, evaluation: { everySteps: 6 } }],
  });
  expect(
    shortened(recipe).stages.map(({ steps, evaluation, checkpoints }) => [
      steps,
      evaluation.everySteps,
      checkpoints.everySteps,
    ]),
  ).toEqual([
    [1, 1, 1],
    [3, 3, 3],
  ]);
});

test('the whole run is estimated from the measured round', () => {
  const values = {
    'seconds/rollout': 20,
    'seconds/update': 10,
    'seconds/evaluate': 3,
    'eval/videos': 3,
    'memory/peak_bytes': 70e9,
  };
  const lines = reportLines(testRecipe(), { sources }, [{ step: 1, stage: 0, time: 0, values }], [112e9]);
  expect(lines[0]!.replace(/\s/g, ' ')).toBe(
    'grpo: 1 step in 30.0 s (rollout 20.0, update 10.0), 3 videos evaluated in 3.0 s, peak memory of a GPU 70.0 GB, checkpoint 112 GB',
  );
  // 12 steps of 30 s; evaluations of 6 videos at the start and after 4, 8 and 12 steps, 6 s each.
  expect(lines[1]).toMatch(/12 steps and 4 evaluations would take 6 min at this speed/);
});

test('time that is left', () => {
  expect([5, 119, 150, 7260].map(durationText)).toEqual(['5 s', '2 min', '3 min', '2 h 1 min']);
  const times = new StepTimes();
  const record = (step: number, time: number) => ({ step, stage: 0, time, values: {} });
  expect(times.left(record(1, 100), 10)).toBe('');
  expect(times.left(record(2, 160), 10)).toBe('about 8 min left');
  expect(times.left(record(10, 640), 10)).toBe('');
  expect(stepLine(record(2, 160), 10, 'about 8 min left')).toMatch(/ {2}about 8 min left$/);
});
