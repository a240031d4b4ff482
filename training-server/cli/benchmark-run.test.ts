/** Evaluation on test sets: protocol, both readings, CSV, resume, and the paper's figures beside. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { promptText } from '../../core/answer/prompts.ts';
import { samplePlan } from '../../core/sampling/frame-sampling.ts';
import { builtInProfiles } from '../../core/sampling/profiles.ts';
import { FakeEngine, type FakeEngineOptions } from '../engine/fake-engine.ts';
import type { Params } from '../engine/protocol.ts';
import { type EvaluationContext, evaluateBenchmark, overall, summaryTable } from './benchmark-run.ts';
import { benchmarks, benchmarksNamed, publishedMetrics } from './benchmarks.ts';

const home = mkdtempSync(join(tmpdir(), 'evaluate-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const profile = builtInProfiles['test12@560'];
const scores = [10, 35, 50, 62.5, 90];

/** Annotations and videos of two test sets; their human scores are 20 times the scores that the fake engine writes. */
function prepare(name: string) {
  const at = (...parts: string[]) => join(home, name, ...parts);
  for (const { annotations, videos } of [...benchmarksNamed('KoNViD-1k'), ...benchmarksNamed('CGVDS')]) {
    const rows = scores.map((score, i) => ({ image_id: `v${i}.mp4`, ann_type: 'score', score: `${score}` }));
    mkdirSync(at('annotations'), { recursive: true });
    writeFileSync(at('annotations', annotations), JSON.stringify({ annotations: rows }));
    mkdirSync(at('videos', videos), { recursive: true });
    for (const { image_id } of rows) writeFileSync(at('videos', videos, image_id), image_id);
  }
  mkdirSync(at('out'), { recursive: true });
  return at;
}

const truth = (path: string) => scores[Number(/v(\d)\.mp4$/.exec(path)![1])]! / 20;

async function context(
  at: (...parts: string[]) => string,
  options: FakeEngineOptions = {},
  sha256 = 'a'.repeat(64),
) {
  const engine = new FakeEngine({ truth, ...options });
  await engine.call('load', loadParams);
  const failed: string[] = [];
  const given: EvaluationContext = {
    engine,
    evaluated: { sha256, profile: profile.name, promptSha256: profile.promptSha256 },
    profile,
    prompt: promptText(profile),
    slots: 4,
    chunk: 2,
    annotations: at('annotations'),
    videos: at('videos'),
    out: at('out'),
    onProgress: () => {},
    onFailed: (path) => failed.push(path),
  };
  return { engine, given, failed };
}

const loadParams: Params<'load'> = {
  checkpoint: 'x',
  profile,
  device: 'cpu',
  precision: 'fp32',
  parts: {
    vision: false,
    visionProjector: false,
    languageModel: false,
    motionExtractor: false,
    motionProjector: false,
  },
  reference: false,
  frozenBatchNorm: 'eval',
  optimiser: { kind: 'adamw', betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, lrScale: {} },
  lora: null,
  gradientCheckpointing: false,
  seed: 0,
  pixelCache: { folder: 'x', bytes: 0 },
  decodeWorkers: 0,
};

const [konvid, cgvds] = [benchmarksNamed('konvid1k')[0]!, benchmarksNamed('CGVDS')[0]!];
const rollouts = (engine: FakeEngine) =>
  engine.calls.flatMap(({ method, params }) => (method === 'rollout' ? [params as Params<'rollout'>] : []));

test('each video gets one greedy answer by the paper’s protocol', async () => {
  const { engine, given } = await context(prepare('protocol'));
  const result = await evaluateBenchmark(given, konvid);
  const [first, ...others] = rollouts(engine);
  expect(others.map(({ videos }) => videos.length)).toEqual([2, 1]);
  expect(first).toMatchObject({ temperature: 0, numGenerations: 1, maxCompletionLength: 1024 });
  expect(first!.prompt).toBe(promptText(profile));
  expect(first!.videos[0]).toEqual({
    path: join(given.videos, 'KoNViD_1k_videos', 'v0.mp4'),
    indices: samplePlan(profile, 100).vision,
  });
  expect(first!.videos[0]!.indices).toHaveLength(12);
  // The fake engine clamps its scores to 1–5: the order of .5 and 1.75 stays.
  expect(result).toMatchObject({ videos: 5, unanswered: 0, official: { n: 5, srcc: 1 }, strict: { n: 5 } });
});

test('a failed reading counts as 3.00 as released, and is left out strictly', async () => {
  const at = prepare('readings');
  const { engine, given } = await context(at);
  const call = engine.call.bind(engine) as (method: string, ...rest: unknown[]) => Promise<unknown>;
  engine.call = (async (method: string, ...rest: unknown[]) => {
    const result = (await call(method, ...rest)) as { completions?: { text: string }[][] };
    for (const [one] of result.completions ?? []) if (one?.text.includes('4.50')) one.text = 'It is good.';
    return result;
  }) as typeof engine.call;
  const result = await evaluateBenchmark(given, konvid);
  expect([result.official!.n, result.strict!.n]).toEqual([5, 4]);
  const csv = readFileSync(at('out', 'KoNViD-1k.csv'), 'utf8').split('\r\n');
  expect(csv[0]).toBe('filename,pred_score,gt_score');
  expect(csv.slice(3)).toEqual(['v2.mp4,2.5,50', 'v3.mp4,3.13,62.5', 'v4.mp4,3,90', '']);
});

test('a stopped evaluation goes on; missing and damaged videos are named, and tried again', async () => {
  const at = prepare('resume');
  rmSync(at('videos', 'cgvds', 'v1.mp4'));
  const bad = at('videos', 'cgvds', 'v2.mp4');
  const before: NonNullable<FakeEngineOptions['before']> = (method, count, fake) => {
    if (method === 'rollout' && count === 3) fake.die();
  };
  const first = await context(at, { before, unreadable: new Set([bad]) });
  await expect(evaluateBenchmark(first.given, cgvds)).rejects.toMatchObject({ code: 'train/engine' });
  const file = at('out', 'CGVDS.answers.jsonl');
  writeFileSync(file, `${readFileSync(file, 'utf8')}{"path":"v4.m`);
  const second = await context(at, { unreadable: new Set([bad]) });
  const result = await evaluateBenchmark(second.given, cgvds);
  expect(result).toMatchObject({ videos: 5, unanswered: 2, official: { n: 3 } });
  expect(second.failed).toEqual([bad]);
  const asked = rollouts(second.engine).flatMap(({ videos }) => videos.map(({ path }) => path));
  expect(asked).toEqual([at('videos', 'cgvds', 'v4.mp4')]);
  const third = await context(at);
  writeFileSync(at('videos', 'cgvds', 'v1.mp4'), 'v1');
  expect(await evaluateBenchmark(third.given, cgvds)).toMatchObject({ unanswered: 0, official: { srcc: 1 } });
  const other = await context(at, {}, 'b'.repeat(64));
  await expect(evaluateBenchmark(other.given, cgvds)).rejects.toMatchObject({
    code: 'train/data',
    params: { problem: expect.stringContaining('--out') },
  });
});

test('a file that is not there or of another form is named', async () => {
  const at = prepare('faults');
  const { given } = await context(at);
  const [vdpve] = benchmarksNamed('VDPVE');
  await expect(evaluateBenchmark(given, vdpve!)).rejects.toMatchObject({ code: 'train/missing-path' });
  writeFileSync(
    at('annotations', vdpve!.annotations),
    '{"annotations": [{"image_id": "a.mp4", "score": "x"}]}',
  );
  await expect(evaluateBenchmark(given, vdpve!)).rejects.toMatchObject({
    code: 'train/data',
    params: { line: 1 },
  });
});

test('the ten sets are those of Table 1, and its figures stand beside', () => {
  expect(benchmarks).toHaveLength(10);
  expect(benchmarksNamed('all')).toEqual(benchmarks);
  expect(benchmarksNamed('nothing')).toEqual([]);
  expect(publishedMetrics('LSVQ test')).toMatchObject({ srcc: 0.883, plcc: 0.88 });
  for (const { name } of benchmarks) expect(publishedMetrics(name)).not.toBeNull();
  const metrics = (n: number, srcc: number) => ({ n, srcc, plcc: srcc });
  const results = [konvid, cgvds].map((benchmark, i) => ({
    benchmark,
    videos: 1200,
    unanswered: 0,
    official: metrics(1200, 0.5 + i / 10),
    strict: null,
  }));
  expect(summaryTable(results).split('\n')).toEqual([
    '| test set | videos | as the released script reads | strict | VQAThinker, Table 1 |',
    '|---|---|---|---|---|',
    '| KoNViD-1k | 1200 of 1200 | 0.500 / 0.500 | –, 0 read | 0.881 / 0.884 |',
    '| overall, in-domain | | 0.500 / 0.500 | – | |',
    '| CGVDS | 1200 of 1200 | 0.600 / 0.600 | –, 0 read | 0.856 / 0.845 |',
    '| overall, out-of-distribution | | 0.600 / 0.600 | – | |',
  ]);
  const weighted = [
    { ...results[0]!, official: metrics(3, 0.4) },
    { ...results[0]!, official: metrics(1, 0.8) },
  ];
  expect(overall(weighted, 'official')).toEqual({ srcc: 0.5, plcc: 0.5 });
});
