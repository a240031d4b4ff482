/** Comparison of every stage of a conformance checkpoint with its recorded tensors, at their tolerances. */

import type { Dtype } from '../../../convert/weight-formats.ts';
import type { Profile } from '../../../core/sampling/profiles.ts';
import {
  argmax,
  distance,
  type FloatArray,
  item,
  lead,
  logSoftmax,
  magnitude,
  middleRows,
  planeMeans,
  rows,
  spread,
  tokenMeans,
} from './arrays.ts';
import type { GoldenTensors } from './golden.ts';
import type { Runner, Sequence } from './runner.ts';

export interface StageResult {
  /** `wasm:fp32` … */
  readonly stage: string;
  /** `test12/slowfast.mean` … */
  readonly name: string;
  /** Tensors, or tokens, that were compared. */
  readonly cases: number;
  readonly error: number;
  readonly limit: number;
  readonly ok: boolean;
}

/** Limits for a dtype, as shares of a tensor's largest magnitude. */
export interface Limits {
  readonly tensors: number;
  readonly rowMid: number;
  readonly mean: number;
  readonly motion: number;
  readonly logits: number;
  /** Logits and log-probabilities: absolute, or as a share of the logits' range. */
  readonly logitsAs: 'absolute' | 'share';
}

/**
 * Tolerances recorded with the tensors; the motion token has that of the pooled vector it is computed from. Over
 * SlowFast's 50 layers the recorded float32 is itself up to 1.7e-5 from the same function in double precision, and
 * the value computed here is nearer to that (0.9e-5).
 */
const exact: Limits = {
  tensors: 1e-5,
  rowMid: 2e-4,
  mean: 5e-5,
  motion: 5e-5,
  logits: 5e-5,
  logitsAs: 'absolute',
};

/**
 * float16 convolutions and 8-bit matrices on random weights, which have no redundancy that softens an error and whose
 * attention is peaked: about three times the largest error measured on the recorded checkpoints
 * (`node scripts/conformance/model/cli.ts FOLDER --dtype q8`). A wrong layout is off by the whole magnitude. That the
 * integers are the right ones is shown by the two targets, which must agree, and by the tests of the quantiser.
 */
const half: Limits = {
  tensors: 1e-2,
  rowMid: 6e-2,
  mean: 2e-2,
  motion: 1e-2,
  logits: 3e-3,
  logitsAs: 'share',
};
const eight: Limits = { ...half, tensors: 1.6e-1, motion: 1.6e-1, logits: 6e-2 };
const four: Limits = { ...half, tensors: 9e-1, motion: 1.6e-1, logits: 5e-1 };

export const limitsOf: Readonly<Record<Dtype, Limits>> = {
  fp32: exact,
  fp16: half,
  q8: eight,
  q4: four,
  q4f16: four,
};

/** Results of one run of a profile, for the comparison of targets. */
export interface Transcript {
  readonly sequence: Sequence;
  readonly tokens: readonly number[];
  /** Teacher-forced logits at the last prompt position and at every token, [n, V]. */
  readonly forced: Float32Array;
}

/** Results of one file, each tensor's largest error. */
export class Report {
  readonly results: StageResult[] = [];
  readonly #stage: string;
  readonly #prefix: string;
  readonly #open = new Map<string, { cases: number; error: number; limit: number }>();

  constructor(stage: string, prefix: string) {
    this.#stage = stage;
    this.#prefix = prefix;
  }

  note(name: string, error: number, limit: number, cases = 1): void {
    const before = this.#open.get(name) ?? { cases: 0, error: 0, limit };
    this.#open.set(name, { cases: before.cases + cases, error: Math.max(before.error, error), limit });
  }

  /** As a share of the golden tensor's largest magnitude. */
  relative(name: string, actual: FloatArray, golden: FloatArray, limit: number): void {
    this.note(name, distance(actual.data, golden.data) / magnitude(golden.data), limit);
  }

  logits(
    name: string,
    actual: Float32Array,
    golden: FloatArray,
    limits: Pick<Limits, 'logits' | 'logitsAs'>,
    cases = 1,
  ): void {
    const error = distance(actual, golden.data);
    this.note(name, limits.logitsAs === 'share' ? error / spread(golden.data) : error, limits.logits, cases);
  }

  close(): StageResult[] {
    return [...this.#open].map(([name, { cases, error, limit }]) => {
      return { stage: this.#stage, name: `${this.#prefix}/${name}`, cases, error, limit, ok: error <= limit };
    });
  }
}

/** uint8 [T, S, S, 3] → float32 [T, 3, S, S], in float32 arithmetic as the official pipeline. */
export function normalised(
  frames: { shape: readonly number[]; data: Uint8Array },
  profile: Profile,
): FloatArray {
  const [count, height, width] = frames.shape as [number, number, number, number];
  const plane = height * width;
  const data = new Float32Array(count * 3 * plane);
  for (let c = 0; c < 3; c++) {
    const mean = Math.fround(profile.mean[c]!);
    const std = Math.fround(profile.std[c]!);
    const table = Float32Array.from({ length: 256 }, (_, v) =>
      Math.fround(Math.fround(Math.fround(v / 255) - mean) / std),
    );
    for (let t = 0; t < count; t++) {
      for (let p = 0; p < plane; p++)
        data[(t * 3 + c) * plane + p] = table[frames.data[(t * plane + p) * 3 + c]!]!;
    }
  }
  return { shape: [count, 3, height, width], data };
}

/** Runs a profile and compares all its recorded tensors. Taps are compared where the graphs have them. */
export async function checkProfile(
  runner: Runner,
  golden: GoldenTensors,
  limits: Limits,
): Promise<{ results: StageResult[]; transcript: Transcript }> {
  const { profile } = runner;
  const report = new Report(`${runner.target}:${runner.dtype}`, profile.name);
  const pixels = normalised(await golden.octets('input.frames'), profile);
  report.relative(
    'pixel_values',
    middleRowsByFrame(pixels),
    await golden.floats('pixel_values.row_mid'),
    1e-6,
  );

  const vision = await runner.vision(pixels);
  const features = vision.get('image_features')!;
  await compareVision(report, vision, golden, limits);
  const motionFrames = golden.has('input.motion_frames')
    ? normalised(await golden.octets('input.motion_frames'), profile)
    : pixels;
  const quality = golden.has('input.quality_features')
    ? await golden.floats('input.quality_features')
    : undefined;
  const motion = await runner.motion(motionFrames, quality);
  const token = motion.get('motion_features')!;
  await compareMotion(report, motion, golden, limits);

  const { data: ids } = await golden.integers('input.input_ids');
  const embeds = await runner.merge(ids, features, token);
  if (golden.has('lm.inputs_embeds')) {
    const expected = await golden.floats('lm.inputs_embeds');
    report.relative('inputs_embeds', embeds, withMotionOf(expected, embeds, ids, profile), limits.tensors);
  }
  const sequence = { embeds };
  const prefill = await runner.forward(sequence);
  await comparePrefill(report, prefill, golden, limits);
  const { data: tokens } = await golden.integers('greedy.tokens');
  const forced = await compareGreedy(report, runner, golden, limits, sequence, tokens);
  if (golden.has('batch.input_ids') && runner.target === 'wasm')
    await compareBatch(report, runner, golden, limits, pixels);
  return { results: report.close(), transcript: { sequence, tokens, forced } };
}

/** [T, C, H, W] → [T, C, W] at the middle row. */
function middleRowsByFrame(x: FloatArray): FloatArray {
  const parts = Array.from({ length: x.shape[0]! }, (_, t) => middleRows(rows(x, t, t + 1)).data);
  return {
    shape: [x.shape[0]!, x.shape[1]!, x.shape[3]!],
    data: Float32Array.from(parts.flatMap((part) => [...part])),
  };
}

/** The recorded rows with our own motion token, which is compared separately. */
function withMotionOf(
  recorded: FloatArray,
  motionToken: FloatArray,
  ids: readonly number[],
  profile: Profile,
): FloatArray {
  const width = recorded.shape.at(-1)!;
  const position = ids.lastIndexOf(profile.tokenIds.context) * width;
  const data = recorded.data.slice();
  data.set(motionToken.data.subarray(position, position + width), position);
  return { shape: recorded.shape, data };
}

async function compareVision(
  report: Report,
  actual: ReadonlyMap<string, FloatArray>,
  golden: GoldenTensors,
  limits: Limits,
): Promise<void> {
  for (const [name, value] of actual) {
    const tensor = name === 'image_features' ? 'mlp1' : name;
    if (golden.has(`${tensor}.frame0`)) {
      report.relative(
        tensor.replace(/\.\d+$/, ''),
        item(value, 0),
        await golden.floats(`${tensor}.frame0`),
        limits.tensors,
      );
    }
    if (golden.has(`${tensor}.mean_over_tokens`)) {
      report.relative(
        tensor.replace(/\.\d+$/, ''),
        tokenMeans(value, 1),
        await golden.floats(`${tensor}.mean_over_tokens`),
        limits.tensors,
      );
    }
  }
}

async function compareMotion(
  report: Report,
  actual: ReadonlyMap<string, FloatArray>,
  golden: GoldenTensors,
  limits: Limits,
): Promise<void> {
  for (const [name, value] of actual) {
    if (golden.has(`${name}.row_mid`)) {
      report.relative(
        'slowfast.row_mid',
        middleRows(value),
        await golden.floats(`${name}.row_mid`),
        limits.rowMid,
      );
      report.relative('slowfast.mean', planeMeans(value), await golden.floats(`${name}.mean`), limits.mean);
    }
  }
  const whole = [
    ['slowfast.pooled', 'slowfast.pooled', limits.mean],
    ['motion_statistics', 'motion_statistics', limits.mean],
    ['quality_head', 'quality_head', limits.mean],
    ['motion_features', 'motion_mlp', limits.motion],
  ] as const;
  for (const [output, tensor, limit] of whole) {
    const value = actual.get(output);
    if (value && golden.has(tensor)) report.relative(tensor, value, await golden.floats(tensor), limit);
  }
}

async function comparePrefill(
  report: Report,
  actual: ReadonlyMap<string, FloatArray>,
  golden: GoldenTensors,
  limits: Limits,
): Promise<void> {
  for (const [name, value] of actual) {
    const tensor = name === 'logits' ? 'lm.logits.last8' : `${name}.last8`;
    if (!golden.has(tensor)) continue;
    const expected = await golden.floats(tensor);
    const first = item(value, 0);
    const last = rows(first, first.shape[0]! - expected.shape[0]!, first.shape[0]!);
    if (name === 'logits') report.logits('logits', last.data, expected, limits);
    else report.relative(name.replace(/\.\d+$/, ''), last, expected, limits.tensors);
  }
}

/** Tokens that differ although the golden lead over the next token is clear. */
function wrongTokens(
  actual: readonly number[],
  golden: readonly number[],
  logits: FloatArray,
  limits: Limits,
): number {
  const limit = limits.logitsAs === 'share' ? limits.logits * spread(logits.data) : limits.logits;
  return actual.filter((token, i) => token !== golden[i] && lead(item(logits, i).data) > 2 * limit).length;
}

/** Greedy decoding through the cache, then the same tokens in one pass; returns the logits of that pass. */
async function compareGreedy(
  report: Report,
  runner: Runner,
  golden: GoldenTensors,
  limits: Limits,
  sequence: Sequence,
  tokens: readonly number[],
): Promise<Float32Array> {
  const count = tokens.length;
  const expected = await golden.floats('greedy.logits');
  const [decoded] = await runner.decode(sequence, count, [tokens]);
  report.note('greedy.tokens', wrongTokens(decoded!.tokens, tokens, expected, limits), 0, count);
  report.logits('greedy.logits', decoded!.logits, expected, limits, count);

  const together = await runner.greedy(sequence, tokens.slice(0, -1));
  if (together !== null) {
    const rest = rows(expected, 1, count);
    report.logits('greedy_graph.logits', together, rest, limits, count - 1);
  }

  const { embeds } = sequence;
  const tail = await runner.embed(tokens);
  const joined = {
    shape: [1, embeds.shape[1]! + count, embeds.shape[2]!],
    data: concatenated(embeds.data, tail.data),
  };
  const forced = (await runner.forward({ embeds: joined }, count + 1)).get('logits')!;
  const onePass = item(forced, 0);
  report.logits('teacher_forced.logits', rows(onePass, 0, count).data, expected, limits, count);
  if (golden.has('completion.logps')) {
    const logps = Float32Array.from(tokens, (token, i) => logSoftmax(item(onePass, i).data, token));
    const error = distance(logps, (await golden.floats('completion.logps')).data);
    report.note(
      'completion.logps',
      limits.logitsAs === 'share' ? error / spread(expected.data) : error,
      limits.logits,
      count,
    );
  }
  return onePass.data;
}

function concatenated(a: Float32Array, b: Float32Array): Float32Array {
  const out = new Float32Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** The left-padded batch: row 0 the clip, row 1 its frames in reverse order. */
async function compareBatch(
  report: Report,
  runner: Runner,
  golden: GoldenTensors,
  limits: Limits,
  pixels: FloatArray,
): Promise<void> {
  const ids = await golden.integers('batch.input_ids');
  const mask = await golden.integers('batch.attention_mask');
  const expected = await golden.floats('batch.greedy.logits');
  const { data: tokens } = await golden.integers('batch.greedy.tokens');
  const [batch, length] = ids.shape as [number, number];
  const steps = tokens.length / batch;
  const embeds: Float32Array[] = [];
  for (let row = 0; row < batch; row++) {
    const frames = row === 0 ? pixels : reversed(pixels);
    const features = (await runner.vision(frames)).get('image_features')!;
    const token = (await runner.motion(frames)).get('motion_features')!;
    embeds.push((await runner.merge(ids.data.slice(row * length, (row + 1) * length), features, token)).data);
  }
  const width = embeds[0]!.length / length;
  const joined = { shape: [batch, length, width], data: embeds.reduce(concatenated) };
  const forced = Array.from({ length: batch }, (_, row) => tokens.slice(row * steps, (row + 1) * steps));
  const decoded = await runner.decode({ embeds: joined, mask: mask.data }, steps, forced);
  for (const [row, continuation] of decoded.entries()) {
    const recorded = item(expected, row);
    report.note(
      'batch.greedy.tokens',
      wrongTokens(continuation.tokens, forced[row]!, recorded, limits),
      0,
      steps,
    );
    report.logits('batch.greedy.logits', continuation.logits, recorded, limits, steps);
  }
}

function reversed(x: FloatArray): FloatArray {
  const count = x.shape[0]!;
  const parts = Array.from({ length: count }, (_, i) => item(x, count - 1 - i).data);
  return { shape: x.shape, data: parts.reduce(concatenated) };
}

/** Two targets at the same dtype: teacher-forced logits as a share of their range, tokens where the lead is clear. */
export function compareTargets(prefix: string, dtype: Dtype, a: Transcript, b: Transcript): StageResult[] {
  const stage = `webgpu≈wasm:${dtype}`;
  const share = distance(a.forced, b.forced) / spread(a.forced);
  const width = a.forced.length / (a.tokens.length + 1);
  let wrong = 0;
  for (let i = 0; i <= a.tokens.length; i++) {
    const [x, y] = [a.forced, b.forced].map((all) => all.subarray(i * width, (i + 1) * width));
    if (argmax(x!) !== argmax(y!) && lead(x!) > 1e-3) wrong++;
  }
  return [
    {
      stage,
      name: `${prefix}/teacher_forced.logits`,
      cases: a.tokens.length + 1,
      error: share,
      limit: 2e-3,
      ok: share <= 2e-3,
    },
    { stage, name: `${prefix}/tokens`, cases: a.tokens.length + 1, error: wrong, limit: 0, ok: wrong === 0 },
  ];
}
