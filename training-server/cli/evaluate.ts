/**
 * `npm run evaluate -- CHECKPOINT --benchmark NAME|all`: a checkpoint on the paper's test sets by the paper's protocol
 * (12 frames of 560 px, test prompt, greedy), with the metrics of Table 1 beside it. A stopped evaluation goes on.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { promptText } from '../../core/answer/prompts.ts';
import { CodedError } from '../../core/errors.ts';
import { builtInProfiles } from '../../core/sampling/profiles.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import type { Engine } from '../engine/client.ts';
import { type EngineLocation, engineLocation, locationFlags, locationUsage } from '../engine/location.ts';
import { spawnEngine } from '../engine/spawn.ts';
import { trainingProfile } from '../grpo/profile.ts';
import { type EvaluationContext, evaluateBenchmark, summaryTable } from './benchmark-run.ts';
import { benchmarks, benchmarksNamed } from './benchmarks.ts';
import { say, sayText, warn } from './output.ts';

const usage = `npm run evaluate -- CHECKPOINT --benchmark NAME|all

  --benchmark NAME   ${benchmarks.map(({ name }) => name).join(', ')}; repeatable
  --annotations DIR  folder of the annotation files of the released code (default data/annotations)
  --videos DIR       folder of the test sets, each in the released script's folder (default data)
  --out DIR          folder of the results (default CHECKPOINT/evaluation); an earlier, stopped evaluation goes on
  --profile NAME     how the model sees a video (default test12@560, or the checkpoint's for other models)
  --no-reasoning, --no-motion   the prompt of a model that was trained without (Table 7, SFT, and Table 8)
  --device NAME      auto, cpu or cuda (default auto)
  --precision NAME   bf16 or fp32 (default bf16 on a GPU, else fp32)
  --processes N      processes of the engine, one a GPU (default 1)
${locationUsage}

Exit status: 0 all videos have an answer, 1 refused or failed, 2 usage, 3 some videos have none.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    benchmark: { type: 'string', multiple: true, default: [] },
    annotations: { type: 'string', default: 'data/annotations' },
    videos: { type: 'string', default: 'data' },
    out: { type: 'string' },
    profile: { type: 'string' },
    'no-reasoning': { type: 'boolean', default: false },
    'no-motion': { type: 'boolean', default: false },
    device: { type: 'string', default: 'auto' },
    precision: { type: 'string' },
    processes: { type: 'string', default: '1' },
    ...locationFlags,
    help: { type: 'boolean', default: false },
  },
});

const UNANSWERED = 3;
/** Answers written at the same time by one process, and videos of one call for each. */
const SLOTS = 64;

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const chosen = allowed.find((one) => one === value);
  if (chosen === undefined)
    throw new CodedError('train/option', { option, problem: `must be one of ${allowed.join(', ')}` });
  return chosen;
}

/** The paper's profile for a checkpoint that has only built-in ones, else the checkpoint's own. */
async function profileName(checkpoint: string): Promise<string> {
  if (values.profile !== undefined) return values.profile;
  const { name } = await trainingProfile(checkpoint, null);
  return Object.hasOwn(builtInProfiles, name) ? 'test12@560' : name;
}

async function main(): Promise<number> {
  const [checkpoint] = positionals;
  if (values.help || checkpoint === undefined || values.benchmark.length === 0) {
    sayText(usage);
    return values.help ? 0 : 2;
  }
  const chosen = values.benchmark.flatMap((name) => {
    const named = benchmarksNamed(name);
    if (named.length === 0)
      throw new CodedError('train/option', { option: '--benchmark', problem: `knows no ${name}` });
    return named;
  });
  const processes = Number(values.processes);
  if (!Number.isInteger(processes) || processes < 1)
    throw new CodedError('train/option', { option: '--processes', problem: 'must be a number from 1 on' });
  const location = engineLocation(values, process.env);
  const folder = resolve(checkpoint);
  const out = resolve(values.out ?? join(folder, 'evaluation'));
  await mkdir(out, { recursive: true });
  const logs = await mkdtemp(join(tmpdir(), 'vqa-evaluate-'));
  const engine = await startEngine(logs, processes, location);
  try {
    const context = await loaded(engine, folder, out, processes);
    const results = [];
    for (const benchmark of chosen) results.push(await evaluateBenchmark(context, benchmark));
    const table = summaryTable(results);
    await writeFile(join(out, 'summary.md'), `${table}\n`);
    await writeFile(join(out, 'summary.json'), `${JSON.stringify(results, null, 2)}\n`);
    sayText(`\n${table}\n`);
    say(out);
    return results.some(({ unanswered }) => unanswered > 0) ? UNANSWERED : 0;
  } finally {
    await engine.stop();
    await rm(logs, { recursive: true, force: true });
  }
}

async function startEngine(logs: string, processes: number, location: EngineLocation): Promise<Engine> {
  const stop = new AbortController();
  const engine = spawnEngine({
    logs,
    record: join(logs, 'engine.json'),
    ranks: processes,
    signal: stop.signal,
    ...location,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      say(`${signal}: the answers so far are saved; the same command goes on`);
      stop.abort();
      engine.then(
        (started) => started.stop(),
        () => {},
      );
    });
  return engine;
}

async function loaded(
  engine: Engine,
  checkpoint: string,
  out: string,
  processes: number,
): Promise<EvaluationContext> {
  const profile = await trainingProfile(checkpoint, await profileName(checkpoint));
  const wanted = oneOf('--device', values.device, ['auto', 'cpu', 'cuda']);
  const device = wanted === 'auto' ? (engine.hello.gpus > 0 ? 'cuda' : 'cpu') : wanted;
  const precision = oneOf('--precision', values.precision ?? (device === 'cuda' ? 'bf16' : 'fp32'), [
    'bf16',
    'fp32',
  ]);
  const { sha256, parameters } = await engine.call('load', {
    checkpoint,
    profile,
    device,
    precision,
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
    pixelCache: { folder: join(out, 'pixels'), bytes: 0 },
    decodeWorkers: 4,
  });
  const prompt = promptText(profile, { reasoning: !values['no-reasoning'], motion: !values['no-motion'] });
  const promptSha256 = createHash('sha256').update(prompt).digest('hex');
  say(`${parameters} parameters on ${device}, ${precision}; ${profile.frames} frames of ${profile.size} px`);
  return {
    engine,
    evaluated: { sha256, profile: profile.name, promptSha256 },
    profile,
    prompt,
    slots: SLOTS,
    chunk: SLOTS * processes,
    annotations: resolve(values.annotations),
    videos: resolve(values.videos),
    out,
    onProgress: (benchmark, done, of) => say(`${benchmark}: ${done} of ${of}`),
    onFailed: (path, error) => warn(`${path} has no answer: ${error}`),
  };
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  warn(errorMessage(error));
  process.exitCode = 1;
}
