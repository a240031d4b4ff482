/** Trackers as Python modules of the test, in the place of wandb and trackio; the driver's side and the library's are real. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { MetricRecord } from '../../core/training/run.ts';
import { python } from '../../scripts/python.mjs';
import { fixture, settled, testRecipe } from './testing.ts';
import { Tracking } from './tracking.ts';

const top = mkdtempSync(join(tmpdir(), 'tracking-'));
afterAll(() => rmSync(top, { recursive: true, force: true }));

/** A Python that finds a module of the given source under the tracker's name. */
function pythonWith(name: string, source: string): string {
  const folder = mkdtempSync(join(top, 'site-'));
  writeFileSync(join(folder, `${name}.py`), source);
  const file = join(folder, 'python');
  writeFileSync(file, `#!/bin/sh\nPYTHONPATH=${folder} exec ${python} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Writes every call, and the names of the environment, as lines of JSON. */
const recorder = (log: string) => `
import json, os
def note(*call):
    with open(${JSON.stringify(log)}, "a") as out:
        out.write(json.dumps(call) + "\\n")
def init(**options):
    print("a library may print")
    options["config"] = options["config"]["name"]
    note("init", options, sorted(os.environ))
def log(metrics, step):
    note("log", metrics, step)
def finish():
    note("finish")
`;

const record = (step: number, values: MetricRecord['values']): MetricRecord => ({
  step,
  stage: 0,
  time: 0,
  values,
});
const calls = (log: string) =>
  readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown[]);
const run = (reportTo: ('wandb' | 'trackio')[]) => ({
  id: 'run-1',
  folder: top,
  recipe: testRecipe({ reportTo }),
});
const secrets = {
  HF_TOKEN: 'x',
  WANDB_API_KEY: 'x',
  TRACKIO_SPACE_ID: 'x',
  VQA_TRAIN_TOKEN: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
};

describe.skipIf(!existsSync(python))('trackers (needs the Python environment)', () => {
  test.each([
    ['wandb', { id: 'run-1', name: 'test', dir: top }, ['WANDB_API_KEY']],
    ['trackio', { name: 'run-1' }, ['HF_TOKEN', 'TRACKIO_SPACE_ID']],
  ] as const)('%s gets run, metrics and end, and its own variables only', async (name, how, variables) => {
    const log = join(top, `${name}.jsonl`);
    const warnings: string[] = [];
    const tracking = await Tracking.open(run([name]), {
      python: pythonWith(name, recorder(log)),
      environment: { ...secrets, [`${name.toUpperCase()}_PROJECT`]: 'mine' },
      warn: (text) => warnings.push(text),
    });
    tracking.metrics(record(1, { reward: 2.5, kl: null }));
    tracking.metrics(record(2, { reward: 2.75 }));
    await tracking.finish();
    const [init, ...rest] = calls(log);
    expect(init!.slice(0, 2)).toEqual(['init', { project: 'mine', resume: 'allow', config: 'test', ...how }]);
    expect(rest).toEqual([['log', { reward: 2.5 }, 1], ['log', { reward: 2.75 }, 2], ['finish']]);
    const passed = init![2] as string[];
    expect(passed.filter((key) => key in secrets)).toEqual(variables);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['raise ImportError("No module named wandb")', 'No module named wandb; pip install wandb into .venv'],
    ['def init(**options): raise ValueError("api_key not configured")', 'ValueError: api_key not configured'],
    ['import os; os._exit(3)', 'it gave no reason'],
  ])('a library that does %s refuses the start with its reason', async (source, problem) => {
    const opening = Tracking.open(run(['wandb']), { python: pythonWith('wandb', source), warn: () => {} });
    await expect(opening).rejects.toMatchObject({
      code: 'train/tracker',
      params: { tracker: 'wandb', problem },
    });
  });

  test('a tracker that dies costs a warning, not the run', async () => {
    const source = `${recorder(join(top, 'dies.jsonl'))}\ndef log(metrics, step): raise RuntimeError("no network")\n`;
    const dying = pythonWith('wandb', source);
    const at = fixture();
    const manager = await at.manager({
      openTracking: (tracked, options) => Tracking.open(tracked, { ...options, python: dying }),
    });
    const { id } = await manager.start(testRecipe({ reportTo: ['wandb'] }));
    expect(await settled(manager, id)).toMatchObject({ state: 'finished', reason: null });
    expect((await manager.log(id)).map(({ text }) => text).join('\n')).toContain('RuntimeError: no network');
    await manager.close();
  });
});

test('a run that is paused while its trackers open starts no engine', async () => {
  const at = fixture();
  const opening = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const manager = await at.manager({
    openTracking: async (tracked, options) => {
      await opening.promise;
      const tracking = await Tracking.open(tracked, options);
      tracking.finish = async () => ended.resolve();
      return tracking;
    },
  });
  const { id } = await manager.start(testRecipe());
  await expect.poll(() => manager.get(id).state).toBe('starting');
  await manager.pause(id);
  opening.resolve();
  await ended.promise;
  expect(await settled(manager, id)).toMatchObject({ state: 'paused' });
  expect(at.engines).toEqual([]);
  await manager.close();
});

test('a run whose tracker is missing fails before its engine starts', async () => {
  const at = fixture();
  const manager = await at.manager({
    openTracking: (tracked, options) => Tracking.open(tracked, { ...options, python: '/no/python' }),
  });
  const { id } = await manager.start(testRecipe({ reportTo: ['trackio'] }));
  const { state, reason } = await settled(manager, id);
  expect([state, reason?.code]).toEqual(['failed', 'train/tracker']);
  expect(at.engines).toEqual([]);
  await manager.close();
});
