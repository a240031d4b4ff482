import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { CodedError } from '../../core/errors.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { metricRecordSchema, runEventSchema, runSchema } from '../../core/training/run.ts';
import { EngineError } from '../engine/client.ts';
import type { FakeEngine, FakeEngineOptions } from '../engine/fake-engine.ts';
import type { Hello, Method } from '../engine/protocol.ts';
import type { NumberedEvent } from '../store/event-log.ts';
import { type Fixture, fixture, settled, streams, testRecipe } from './testing.ts';

/** A run to its end without faults: the reference of every interrupted one. */
async function runToEnd(recipe = testRecipe()) {
  const at = fixture();
  const manager = await at.manager();
  const { id } = await manager.start(recipe);
  const run = await settled(manager, id);
  const result = { at, run, folder: manager.folder(id), engines: at.engines };
  await manager.close();
  return { ...result, streams: comparable(at, result.folder) };
}

/** Paths differ from bench to bench. */
const comparable = (at: Fixture, folder: string) => {
  const { metrics, completions } = streams(folder);
  return { metrics, completions: completions.replaceAll(at.root, '') };
};

let reference: Awaited<ReturnType<typeof runToEnd>>;
beforeAll(async () => {
  reference = await runToEnd();
});

describe('a run', () => {
  test('goes through its steps and leaves what it promises', async () => {
    const { run, folder } = reference;
    expect(runSchema.parse(run)).toMatchObject({
      state: 'finished',
      step: 12,
      steps: 12,
      savedStep: 12,
      reason: null,
    });
    const records = reference.streams.metrics.map((line) =>
      metricRecordSchema.parse({ time: 0, ...JSON.parse(line) }),
    );
    expect(records.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const judged = records.filter(({ values }) => 'eval/srcc' in values).map(({ step }) => step);
    expect(judged).toEqual([0, 4, 8, 12]);
    expect(records[1]!.values).toMatchObject({ epoch: 0, 'data/failed': 0, learning_rate: 1e-6 });
    expect(records.at(-1)!.values.learning_rate).toBeCloseTo(1e-6 / 12, 12);
    const answers = readFileSync(join(folder, 'completions.jsonl'), 'utf8').trimEnd().split('\n');
    expect(answers).toHaveLength(12 * 4);
    const steps = readdirSync(join(folder, 'checkpoints')).sort();
    expect(steps).toContain('step-12');
    expect(existsSync(join(folder, 'checkpoints', 'step-12', 'model', 'config.json'))).toBe(true);
    // Two last ones, the best, and nothing half made.
    expect(steps.filter((name) => name.startsWith('step-')).length).toBeLessThanOrEqual(3);
    expect(steps.filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('learns: the fake engine is rewarded more at the end', () => {
    const rewards = reference.streams.metrics.flatMap((line) => JSON.parse(line).values.reward ?? []);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(rewards.slice(-4))).toBeGreaterThan(mean(rewards.slice(0, 4)));
  });

  test('sends advantages that sum to nothing in every group, and never a rule', () => {
    const updates = reference.engines[0]!.calls.filter(({ method }) => method === 'update');
    expect(updates).toHaveLength(12);
    for (const { params } of updates as {
      params: { groups: { completions: { advantage: number; oldLogps?: number[] }[] }[] };
    }[])
      for (const { completions } of params.groups) {
        expect(completions).toHaveLength(3);
        expect(completions.reduce((sum, { advantage }) => sum + advantage, 0)).toBeCloseTo(0, 9);
        expect(completions[0]!.oldLogps).toBeUndefined();
      }
  });

  test('is the same without prefetching, and another with another seed', async () => {
    const plain = await runToEnd(testRecipe({ engine: { prefetch: false } }));
    expect(plain.streams).toEqual(reference.streams);
    expect(plain.engines[0]!.calls.some(({ method }) => method === 'encode')).toBe(false);
    expect(reference.engines[0]!.calls.some(({ method }) => method === 'encode')).toBe(true);
    expect((await runToEnd(testRecipe({ seed: 43 }))).streams).not.toEqual(reference.streams);
  });

  test('two steps on a rollout carry the probabilities of the policy that drew', async () => {
    const { run, engines, streams } = await runToEnd(
      testRecipe({
        stages: [
          {
            name: 'grpo',
            objective: 'grpo',
            train: ['train'],
            steps: 6,
            iterations: 2,
            checkpoints: { everySteps: 2 },
          },
        ],
      }),
    );
    expect(run).toMatchObject({ state: 'finished', step: 6 });
    const { calls } = engines[0]!;
    const drawn = calls.filter(
      ({ method, params }) => method === 'rollout' && (params as { temperature: number }).temperature > 0,
    );
    expect(drawn).toHaveLength(3);
    const updates = calls
      .filter(({ method }) => method === 'update')
      .map(({ params }) => params as { groups: { completions: { oldLogps?: number[] }[] }[] });
    expect(updates).toHaveLength(6);
    expect(updates[0]!.groups[0]!.completions[0]!.oldLogps).toBeDefined();
    expect(streams.metrics).toHaveLength(1 + 6);
  });

  test('the official mode draws one perturbation for each completion, and compares videos two by two', async () => {
    const { run, engines, streams } = await runToEnd(
      testRecipe({ mode: 'official', rules: { temporalOn: true, videosPerStep: 4, labels: 'rescaled1to5' } }),
    );
    expect(run.state).toBe('finished');
    const rollouts = engines[0]!.calls
      .filter(({ method }) => method === 'rollout')
      .map(({ params }) => params as { numGenerations: number; videos: unknown[]; topK: number });
    const training = rollouts.filter(({ topK }) => topK === 50);
    expect(training.slice(0, 2).map(({ numGenerations, videos }) => [numGenerations, videos.length])).toEqual(
      [
        [3, 4],
        [1, 12],
      ],
    );
    const [first] = streams.completions.split('\n').map((line) => line && JSON.parse(line));
    expect(first.perturbation).toBeNull();
    expect(first.perturbedCompletions[0].perturbation.mode).toMatch(/^[a-z_]+$/);
  });
});

describe('whatever dies, the same run follows', () => {
  const moments: [Method, number][] = [
    ...Array.from({ length: 12 }, (_, i): [Method, number] => ['update', i + 1]),
    ...[1, 2, 5, 9].map((n): [Method, number] => ['rollout', n]),
    ...[1, 2, 3, 4].flatMap((n): [Method, number][] => [
      ['save', n],
      ['export', n],
    ]),
    ['load', 1],
    ['probe', 2],
    ['encode', 3],
  ];
  test.each(moments)('the engine, at %s number %i', async (method, number) => {
    const at = fixture();
    let killed = false;
    const before: NonNullable<FakeEngineOptions['before']> = (called, count, fake) => {
      if (killed || called !== method || count !== number) return;
      killed = true;
      fake.die();
    };
    const manager = await at.manager({}, { before });
    const { id } = await manager.start(testRecipe());
    const failed = await settled(manager, id);
    expect(failed).toMatchObject({ state: 'failed', reason: { code: 'train/engine' } });
    expect(failed.reason!.params.problem).toBe('the engine ended');
    await manager.resume(id);
    expect(await settled(manager, id)).toMatchObject({ state: 'finished', step: 12, savedStep: 12 });
    expect(comparable(at, manager.folder(id))).toEqual(reference.streams);
    await manager.close();
  });

  test.each(moments)('a rank that torchrun starts again, at %s number %i', async (method, number) => {
    const at = fixture();
    let died = false;
    const before: NonNullable<FakeEngineOptions['before']> = (called, count, fake) => {
      if (died || called !== method || count !== number) return;
      died = true;
      fake.restart();
    };
    const manager = await at.manager({}, { before });
    const { id } = await manager.start(testRecipe());
    expect(await settled(manager, id)).toMatchObject({ state: 'finished', step: 12, savedStep: 12 });
    expect(comparable(at, manager.folder(id))).toEqual(reference.streams);
    expect(at.engines).toHaveLength(1);
    const log = await manager.log(id);
    expect(log.filter(({ level }) => level === 'warning').map(({ text }) => text)).toEqual([
      expect.stringContaining('; ranks started again, on from step'),
    ]);
    await manager.close();
  });

  test('a rank that dies again in the same step is no chance, in another it may be', async () => {
    for (const [updates, end] of [
      [[5, 6], 'failed'],
      [[5, 7], 'finished'],
    ] as const) {
      const at = fixture();
      const before: NonNullable<FakeEngineOptions['before']> = (method, count, fake) => {
        if (method === 'update' && updates.some((update) => update === count)) fake.restart();
      };
      const manager = await at.manager({}, { before });
      const { id } = await manager.start(testRecipe());
      expect((await settled(manager, id)).state).toBe(end);
      await manager.close();
    }
  });

  test.each([1, 2, 3, 5, 7, 11])('a pause asked for in step %i', async (step) => {
    const at = fixture();
    let asked = false;
    const manager = await at.manager(
      {},
      {
        before: async (method, count) => {
          if (method !== 'update' || count !== step || asked) return;
          asked = true;
          await manager.pause(manager.list()[0]!.id);
        },
      },
    );
    const { id } = await manager.start(testRecipe());
    expect(await settled(manager, id)).toMatchObject({
      state: 'paused',
      step,
      savedStep: step,
      reason: null,
    });
    await manager.resume(id);
    expect((await settled(manager, id)).state).toBe('finished');
    expect(comparable(at, manager.folder(id))).toEqual(reference.streams);
    await manager.close();
  });

  test('the server, which goes on with its run when it comes back', async () => {
    const at = fixture();
    let closing: Promise<void> | null = null;
    const first = await at.manager(
      {},
      {
        before: (method, count) => {
          if (method === 'rollout' && count === 7) closing = first.close();
        },
      },
    );
    const { id } = await first.start(testRecipe());
    const events: NumberedEvent[] = [];
    first.subscribe(id, (event) => events.push(event), 0);
    expect(await settled(first, id)).toMatchObject({
      state: 'paused',
      reason: { code: 'train/interrupted' },
    });
    await closing;
    const second = await at.manager();
    expect(['queued', 'starting', 'running']).toContain(second.get(id).state);
    expect((await settled(second, id)).state).toBe('finished');
    expect(comparable(at, second.folder(id))).toEqual(reference.streams);
    const all: NumberedEvent[] = [];
    await new Promise<void>((resolve) => {
      second.subscribe(
        id,
        (event) => {
          all.push(event);
          if (event.event.type === 'run' && event.event.run.state === 'finished') resolve();
        },
        0,
      );
    });
    expect(all.map((event) => event.id)).toEqual(all.map((_, i) => i + 1));
    expect(all.slice(0, events.length)).toEqual(events);
    for (const { event } of all) runEventSchema.parse(event);
    await second.close();
  });

  test('a line that was broken off in the middle', async () => {
    const at = fixture();
    const manager = await at.manager(
      {},
      {
        before: (method, count, fake) => {
          if (method === 'update' && count === 8 && at.engines.length === 1) fake.die();
        },
      },
    );
    const { id } = await manager.start(testRecipe());
    await settled(manager, id);
    const folder = manager.folder(id);
    for (const name of ['metrics.jsonl', 'completions.jsonl'])
      writeFileSync(join(folder, name), `${readFileSync(join(folder, name), 'utf8')}{"step":8,"va`);
    await manager.resume(id);
    await settled(manager, id);
    expect(comparable(at, folder)).toEqual(reference.streams);
    await manager.close();
  });
});

describe('a run stops itself', () => {
  test('when KL passes its guard for two steps; it resumes with a smaller rate', async () => {
    const at = fixture();
    const manager = await at.manager();
    const recipe = testRecipe({
      stages: [{ ...testRecipe().stages[0], guards: { maxKl: 0.0065, steps: 2 } }],
    });
    const { id } = await manager.start(recipe);
    // The fake engine's KL is 0.001 a step: beyond the limit in steps 7 and 8.
    const guarded = await settled(manager, id);
    expect(guarded).toMatchObject({
      state: 'guarded',
      step: 8,
      savedStep: 6,
      reason: { code: 'train/guard', params: { kl: 0.0065, step: 8, resume: 6 } },
    });
    await manager.resume(id, { lrFactor: 0.5 });
    await settled(manager, id);
    const records = await manager.metrics(id, 7);
    expect(records[0]!.values.learning_rate).toBeCloseTo((1e-6 * (1 - 6 / 12)) / 2, 15);
    await manager.close();
  });

  test('when the disk is full, and loses nothing', async () => {
    const at = fixture();
    let full = true;
    const manager = await at.manager(
      {},
      {
        before: (method, count) => {
          if (method === 'save' && count === 2 && full)
            throw new EngineError('train/disk', { step: 6 }, 'no space left on device');
        },
      },
    );
    const { id } = await manager.start(testRecipe());
    const paused = await settled(manager, id);
    expect(paused).toMatchObject({ state: 'paused', savedStep: 3 });
    expect(paused.reason).toMatchObject({ code: 'train/disk', params: { saved: 3 } });
    full = false;
    await manager.resume(id);
    expect((await settled(manager, id)).state).toBe('finished');
    expect(comparable(at, manager.folder(id))).toEqual(reference.streams);
    await manager.close();
  });

  test('before the first step when the disk has no room for a checkpoint', async () => {
    const at = fixture();
    const manager = await at.manager({}, { parameters: 2 ** 50 });
    const { id } = await manager.start(testRecipe());
    const paused = await settled(manager, id);
    expect(paused).toMatchObject({ state: 'paused', step: 0, savedStep: null });
    // fp32: weights, both moments and the model, 4 bytes each.
    const needed = 16 * 2 ** 50 + 2 ** 25;
    expect(paused.reason).toMatchObject({ code: 'train/disk', params: { step: 0, needed } });
    expect(errorMessage(CodedError.fromData(paused.reason!))).toMatch(/A checkpoint needs .* are free/);
    expect(at.engines[0]!.calls.map(({ method }) => method)).not.toContain('rollout');
    await manager.close();
  });
});

describe('videos', () => {
  test('one that cannot be read costs itself, is counted and named', async () => {
    const at = fixture();
    const bad = join(at.root, 'train-3.mp4');
    const manager = await at.manager({}, { unreadable: new Set([bad]) });
    const { id } = await manager.start(testRecipe());
    expect((await settled(manager, id)).state).toBe('finished');
    const failed = (await manager.metrics(id)).map(({ values }) => values['data/failed'] ?? 0);
    // 20 videos, batches of 4, 12 steps: two whole passes and two batches.
    expect(failed.reduce((a, b) => a! + b!, 0)).toBeGreaterThanOrEqual(2);
    const named = (await manager.log(id)).filter(({ text }) => text.includes('train-3.mp4'));
    expect(named).toHaveLength(1);
    await manager.close();
  });

  test('too few for a step, or without answers to learn from: said before an engine is started', async () => {
    const at = fixture();
    const manager = await at.manager();
    const few = await manager.start(testRecipe({ rules: { videosPerStep: 21 } }));
    expect(await settled(manager, few.id)).toMatchObject({
      state: 'failed',
      step: 0,
      reason: { code: 'train/recipe', params: { field: 'videosPerStep' } },
    });
    const sft = { name: 'sft', objective: 'sft', train: ['train'], steps: 2, videosPerStep: 4 };
    const { id } = await manager.start(testRecipe({ stages: [sft] }));
    expect(await settled(manager, id)).toMatchObject({
      state: 'failed',
      reason: { params: { field: 'stages[0].texts' } },
    });
    expect(at.engines).toHaveLength(0);
    await manager.close();
  });
});

test('stages follow one another, each in an engine of its own from the weights of the one before', async () => {
  const stages = [
    {
      name: 'sft',
      objective: 'sft',
      train: ['train'],
      texts: 'score',
      steps: 5,
      videosPerStep: 4,
      checkpoints: { everySteps: 2 },
    },
    // More checkpoints than it keeps: the end of the first stage outlives them.
    { ...testRecipe().stages[0], steps: 3, checkpoints: { everySteps: 1, keep: 1 } },
  ];
  const { run, engines, folder, streams: lines } = await runToEnd(testRecipe({ stages }));
  expect(run).toMatchObject({ state: 'finished', step: 8, stage: { index: 1, name: 'grpo' } });
  expect(engines).toHaveLength(2);
  const loads = engines.map(
    ({ calls }) =>
      calls.find(({ method }) => method === 'load')!.params as { checkpoint: string; reference: boolean },
  );
  expect(loads[0]!.checkpoint).toMatch(/checkpoint$/);
  expect(loads[1]!.checkpoint).toBe(join(folder, 'checkpoints', 'step-5', 'model'));
  expect(loads.map((params) => params.reference)).toEqual([false, true]);
  const texts = engines[0]!.calls.find(({ method }) => method === 'sft')!.params as {
    examples: { text: string }[];
  };
  expect(texts.examples[0]!.text).toMatch(/^<answer>\d\.\d\d<\/answer>$/);
  expect(existsSync(join(folder, 'checkpoints', 'step-5'))).toBe(true);
  // Killed between the stages and in the second: the same again.
  for (const [method, number] of [
    ['load', 1],
    ['update', 2],
  ] as const) {
    const at = fixture();
    const manager = await at.manager(
      {},
      {
        before: (called, count, fake) => {
          if (at.engines.length === 2 && called === method && count === number) fake.die();
        },
      },
    );
    const { id } = await manager.start(testRecipe({ stages }));
    expect((await settled(manager, id)).state).toBe('failed');
    await manager.resume(id);
    expect((await settled(manager, id)).state).toBe('finished');
    expect(comparable(at, manager.folder(id))).toEqual(lines);
    await manager.close();
  }
});

describe('the root', () => {
  test('one run at a time, the others wait; one that waits can be stopped', async () => {
    const at = fixture();
    const manager = await at.manager();
    const [a, b, c] = [
      await manager.start(testRecipe()),
      await manager.start(testRecipe()),
      await manager.start(testRecipe()),
    ];
    expect((await manager.stop(b.id)).state).toBe('stopped');
    await settled(manager, a.id);
    expect(manager.get(b.id).state).toBe('stopped');
    expect((await settled(manager, c.id)).state).toBe('finished');
    expect(at.engines).toHaveLength(2);
    expect(
      manager
        .list()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([a.id, b.id, c.id].sort());
    await expect(manager.resume(a.id)).rejects.toMatchObject({
      code: 'train/state',
      params: { state: 'finished' },
    });
    expect(() => manager.get('nothing')).toThrow(CodedError);
    await manager.close();
  });

  test('a second process is told who works on it; a dead one’s lock is no lock', async () => {
    const at = fixture();
    const manager = await at.manager();
    await expect(at.manager()).rejects.toMatchObject({ code: 'train/in-use', params: { pid: process.pid } });
    await manager.close();
    writeFileSync(join(at.root, 'runs', 'lock.json'), '{"pid":4194303,"start":"1"}');
    await (await at.manager()).close();
  });

  test('checkpoints are listed, and a run can go back to an earlier one', async () => {
    const at = fixture();
    const manager = await at.manager();
    const { id } = await manager.start(
      testRecipe({ stages: [{ ...testRecipe().stages[0], checkpoints: { everySteps: 3, keep: 9 } }] }),
    );
    await settled(manager, id);
    const checkpoints = await manager.checkpoints(id);
    expect(checkpoints.map(({ step }) => step)).toEqual(expect.arrayContaining([3, 6, 9, 12]));
    expect(checkpoints.find(({ last }) => last)?.step).toBe(12);
    expect(checkpoints.filter(({ best }) => best)).toHaveLength(1);
    expect(checkpoints.find(({ step }) => step === 12)!.metrics).toHaveProperty('eval/srcc');
    expect(await manager.completions(id, 5)).toHaveLength(4);
    expect(await manager.completions(id, 99)).toEqual([]);
    await manager.close();
  });
});

test('a GPU that is asked for and not there', async () => {
  const at = fixture();
  const manager = await at.manager();
  const { id } = await manager.start(testRecipe({ engine: { device: 'cuda' } }));
  expect(await settled(manager, id)).toMatchObject({
    state: 'failed',
    reason: { code: 'train/recipe', params: { field: 'engine.device' } },
  });
  await manager.close();
  const hello: Hello = (at.engines[0] as FakeEngine).hello;
  expect(hello.gpus).toBe(0);
});

test('a run of an earlier version resumes: its metadata, checkpoints and completions are read', async () => {
  const at = fixture();
  const first = await at.manager(
    {},
    {
      before: (method, count, fake) => {
        if (method === 'update' && count === 8) fake.die();
      },
    },
  );
  const { id } = await first.start(testRecipe());
  await settled(first, id);
  const folder = first.folder(id);
  await first.close();
  toEarlierVersion(folder);

  const manager = await at.manager();
  // `goesOn: true` of its metadata: it resumes by itself, at half the rate.
  expect(await settled(manager, id)).toMatchObject({ state: 'finished', step: 12 });
  const [record] = await manager.metrics(id, 7);
  expect(record!.values.learning_rate).toBeCloseTo((1e-6 * (1 - 6 / 12)) / 2, 15);
  for (const checkpoint of await manager.checkpoints(id)) expect(checkpoint.metrics).toHaveProperty('reward');
  for (const step of [1, 6, 7, 12]) {
    const groups = await manager.completions(id, step);
    expect(groups).toHaveLength(4);
    for (const { completions } of groups) expect(completions).toHaveLength(3);
  }
  expect(readdirSync(folder)).not.toContain('memo.json');
  await manager.close();
});

/** Rewrites the files of a run as the versions before `metadata.json` wrote them. */
function toEarlierVersion(folder: string): void {
  const text = readFileSync(join(folder, 'completions.jsonl'), 'utf8');
  const earlier = (lines: string) =>
    lines
      .replaceAll('"completions":', '"answers":')
      .replaceAll('"perturbedCompletions":', '"perturbedAnswers":');
  expect(earlier(text)).not.toBe(text);
  for (const step of readdirSync(join(folder, 'checkpoints')).filter((name) => name.startsWith('step-'))) {
    const file = join(folder, 'checkpoints', step, 'checkpoint.json');
    const checkpoint = JSON.parse(readFileSync(file, 'utf8'));
    const { streams } = checkpoint.state;
    streams.completions = Buffer.byteLength(earlier(text.slice(0, streams.completions)));
    writeFileSync(file, JSON.stringify(checkpoint).replace('"metrics":{', '"figures":{'));
  }
  writeFileSync(join(folder, 'completions.jsonl'), earlier(text));
  rmSync(join(folder, 'metadata.json'));
  writeFileSync(join(folder, 'memo.json'), '{"lrFactor":0.5,"goesOn":true}\n');
}
