/**
 * Evaluation of a checkpoint on a test set by the paper's protocol: one greedy answer a video, read as the released test
 * script reads it and strictly. Answers are appended to a file as they come, from which a stopped evaluation goes on.
 */
import { existsSync } from 'node:fs';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readAsOfficialTest, readStrictly, type ScoreRange } from '../../core/answer/answer.ts';
import { CodedError } from '../../core/errors.ts';
import { officialCsv } from '../../core/files/csv.ts';
import { isRated, type RatedVideo, readAnnotations } from '../../core/files/human-scores.ts';
import type { Profile } from '../../core/sampling/profiles.ts';
import { plcc, srcc } from '../../core/stats/correlation.ts';
import { weightedByVideos } from '../../core/stats/overall.ts';
import type { Engine } from '../engine/client.ts';
import { FrameCounts } from '../grpo/frame-counts.ts';
import { cleanVideo } from '../grpo/views.ts';
import { type Benchmark, publishedMetrics } from './benchmarks.ts';

/** Longest answer of the released test script. */
const MOST_TOKENS = 1024;

/** Model and prompt of the answers of a file, which is continued for the same ones only. */
export interface Evaluated {
  /** SHA-256 of the checkpoint's weights. */
  readonly sha256: string;
  readonly profile: string;
  /** Of the conversation with its placeholders expanded. */
  readonly promptSha256: string;
}

const answerSchema = z.strictObject({
  path: z.string(),
  mos: z.number(),
  /** Human score as the file has it. */
  written: z.string(),
  /** Null for a video that is missing or cannot be read. */
  text: z.string().nullable(),
  tokens: z.int(),
  error: z.string().optional(),
});
type Answer = z.infer<typeof answerSchema>;

export interface EvaluationContext {
  readonly engine: Engine;
  readonly evaluated: Evaluated;
  readonly profile: Profile;
  /** The whole conversation, placeholders expanded. */
  readonly prompt: string;
  readonly slots: number;
  /** Videos in one call of the engine. */
  readonly chunk: number;
  /** Folders of the annotation files, of the videos, and of the results. */
  readonly annotations: string;
  readonly videos: string;
  readonly out: string;
  readonly onProgress: (benchmark: string, done: number, of: number) => void;
  readonly onFailed: (path: string, error: string) => void;
}

export interface Agreement {
  /** Videos with a score. */
  readonly n: number;
  readonly srcc: number;
  readonly plcc: number;
}

export interface BenchmarkResult {
  readonly benchmark: Benchmark;
  /** Videos that the annotation file lists, and those without an answer. */
  readonly videos: number;
  readonly unanswered: number;
  /** By the released test reading, whose failures are 3.00; by the strict reading, whose failures are left out. */
  readonly official: Agreement | null;
  readonly strict: Agreement | null;
}

const fileName = (benchmark: Benchmark, ending: string) => `${benchmark.name.replaceAll(' ', '-')}${ending}`;

/** @throws CodedError `train/data` where the annotation file is of another form, `train/missing-path` where it is not there */
export async function readBenchmark(benchmark: Benchmark, folder: string): Promise<RatedVideo[]> {
  const file = join(folder, benchmark.annotations);
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CodedError('train/missing-path', { field: file });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CodedError('train/data', { file, line: 0, problem: 'it is no JSON' });
  }
  return [...readAnnotations(json)].map((row) => {
    if (isRated(row)) return row;
    throw new CodedError('train/data', { file, line: row.line, problem: 'it is no human score' });
  });
}

/** Answers of an earlier, stopped evaluation of the same model; a line that was broken off is dropped. */
async function earlier(file: string, evaluated: Evaluated): Promise<Answer[]> {
  if (!existsSync(file)) return [];
  const [head = '', ...lines] = (await readFile(file, 'utf8')).split('\n');
  if (head !== JSON.stringify(evaluated)) {
    const problem = 'it holds answers of another checkpoint or profile; choose another --out';
    throw new CodedError('train/data', { file, line: 1, problem });
  }
  return lines.slice(0, -1).flatMap((line) => {
    try {
      return [answerSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

/** Evaluates a test set, or what is left of it, and writes its CSV. */
export async function evaluateBenchmark(
  context: EvaluationContext,
  benchmark: Benchmark,
): Promise<BenchmarkResult> {
  const rated = await readBenchmark(benchmark, context.annotations);
  const file = join(context.out, fileName(benchmark, '.answers.jsonl'));
  const answers = new Map((await earlier(file, context.evaluated)).map((answer) => [answer.path, answer]));
  const lines = [context.evaluated, ...answers.values()].map((line) => `${JSON.stringify(line)}\n`);
  await writeFile(file, lines.join(''));
  const left = rated.filter(({ path }) => answers.get(path)?.text == null);
  const handle = await open(file, 'a');
  try {
    for (let at = 0; at < left.length; at += context.chunk) {
      context.onProgress(benchmark.name, rated.length - left.length + at, rated.length);
      const added = await answersOf(context, benchmark, left.slice(at, at + context.chunk));
      for (const answer of added) answers.set(answer.path, answer);
      await handle.appendFile(added.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
    }
  } finally {
    await handle.close();
  }
  context.onProgress(benchmark.name, rated.length, rated.length);
  return resultOf(context, benchmark, rated, answers);
}

async function answersOf(
  { engine, profile, prompt, slots, videos, onFailed }: EvaluationContext,
  benchmark: Benchmark,
  rated: readonly RatedVideo[],
): Promise<Answer[]> {
  const errors = new Map<string, string>();
  const counts = new FrameCounts(engine, (path, error) => {
    errors.set(path, error);
    onFailed(path, error);
  });
  const items = rated.map(({ path, mos }) => ({
    path: join(videos, benchmark.videos, path),
    mos,
    source: benchmark.name,
    id: path,
  }));
  const isThere = await Promise.all(items.map(({ path }) => stat(path).then(Boolean, () => false)));
  const there = items.filter((_, i) => isThere[i]);
  const frames = await counts.of(there);
  const readable = there.flatMap((item, i) => (frames[i] === 0 ? [] : [{ item, frames: frames[i]! }]));
  const texts = new Map<string, { text: string; tokens: number }>();
  if (readable.length > 0) {
    const { completions, failed } = await engine.call('rollout', {
      videos: readable.map((one) => cleanVideo(one.item, one.frames, profile)),
      prompt,
      numGenerations: 1,
      seeds: readable.map(() => 0),
      temperature: 0,
      topK: 0,
      topP: 1,
      maxCompletionLength: MOST_TOKENS,
      slots,
    });
    for (const { path, error } of failed) counts.failed(path, error);
    for (const [i, one] of completions.entries()) {
      const [completion] = one ?? [];
      if (completion)
        texts.set(readable[i]!.item.path, { text: completion.text, tokens: completion.tokens.length });
    }
  }
  return rated.map(({ path, mos, written }, i) => {
    const real = items[i]!.path;
    const error = isThere[i] ? errors.get(real) : 'the file is not there';
    const answer = texts.get(real) ?? { text: null, tokens: 0 };
    return { path, mos, written, ...answer, ...(answer.text === null && { error: error ?? 'no answer' }) };
  });
}

/** Range in which a score is read strictly: labels of the released model are MOS/20. */
const range: ScoreRange = [0, 5];

async function resultOf(
  { out }: EvaluationContext,
  benchmark: Benchmark,
  rated: readonly RatedVideo[],
  answers: ReadonlyMap<string, Answer>,
): Promise<BenchmarkResult> {
  const answered = rated.flatMap(({ path }) => {
    const { text, mos, written } = answers.get(path)!;
    if (text === null) return [];
    const { score: official } = readAsOfficialTest(text);
    return [{ path, mos, written, official, strict: readStrictly(text, range).score }];
  });
  const csv = officialCsv(
    answered.map(({ path, written, official }) => ({ filename: path, predicted: official, truth: written })),
  );
  await writeFile(join(out, fileName(benchmark, '.csv')), csv);
  return {
    benchmark,
    videos: rated.length,
    unanswered: rated.length - answered.length,
    official: agreement(answered.map(({ official, mos }) => ({ score: official, mos }))),
    strict: agreement(answered.map(({ strict, mos }) => ({ score: strict, mos }))),
  };
}

function agreement(pairs: readonly { score: number | null; mos: number }[]): Agreement | null {
  const finite = pairs.filter(({ score }) => score !== null && Number.isFinite(score));
  if (finite.length < 2) return null;
  const [scores, labels] = [finite.map(({ score }) => score!), finite.map(({ mos }) => mos)];
  const [rank, linear] = [srcc(scores, labels).value, plcc(scores, labels).value];
  // Scores that are all equal order nothing.
  return Number.isFinite(rank) ? { n: finite.length, srcc: rank, plcc: linear } : null;
}

const three = (value: number) => value.toFixed(3);
const pair = (values: Pick<Agreement, 'srcc' | 'plcc'> | null) =>
  values === null ? '–' : `${three(values.srcc)} / ${three(values.plcc)}`;

/** Mean over test sets weighted by videos, as the paper's "Overall"; null where a set has no metric. */
export function overall(results: readonly BenchmarkResult[], reading: 'official' | 'strict') {
  const metrics = results.map((result) => result[reading]);
  if (metrics.length === 0 || metrics.some((one) => one === null)) return null;
  const mean = (key: 'srcc' | 'plcc') =>
    weightedByVideos(
      metrics.map((one) => one![key]),
      metrics.map((one) => one!.n),
    );
  return { srcc: mean('srcc'), plcc: mean('plcc') };
}

/** Table of the results beside the paper's, SRCC / PLCC. */
export function summaryTable(results: readonly BenchmarkResult[]): string {
  const row = ({ benchmark, videos, unanswered, official, strict }: BenchmarkResult) =>
    `| ${benchmark.name} | ${videos - unanswered} of ${videos} | ${pair(official)} | ${pair(strict)}, ${strict?.n ?? 0} read | ${pair(publishedMetrics(benchmark.name))} |`;
  const sections = (['in', 'out'] as const).flatMap((domain) => {
    const of = results.filter(({ benchmark }) => benchmark.domain === domain);
    if (of.length === 0) return [];
    const name = domain === 'in' ? 'overall, in-domain' : 'overall, out-of-distribution';
    return [
      ...of.map(row),
      `| ${name} | | ${pair(overall(of, 'official'))} | ${pair(overall(of, 'strict'))} | |`,
    ];
  });
  return [
    '| test set | videos | as the released script reads | strict | VQAThinker, Table 1 |',
    '|---|---|---|---|---|',
    ...sections,
  ].join('\n');
}
