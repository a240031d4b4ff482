/** Rules of VQA² against the results of its official code; files of one name in both families are told apart by form. */
import { mosToLevel } from '../../../core/answer/levels.ts';
import { streamingText } from '../../../core/answer/stall.ts';
import { CodedError } from '../../../core/errors.ts';
import { plcc, srcc } from '../../../core/stats/correlation.ts';
import { denseFrames, earlierStack, keyFrames, spreadKeyFrames } from '../../../core/vqa2/frames.ts';
import { officialGrade, storedAnswer } from '../../../core/vqa2/multiple-choice.ts';
import { protocolScore, scoreProtocols } from '../../../core/vqa2/protocols.ts';
import { type ConformanceReport, type Tally, tally } from './report.ts';

type Logits = Readonly<Record<string, number>>;
type Written = readonly (number | '...')[];

interface FrameResult {
  readonly key?: readonly number[];
  readonly key_count?: number;
  readonly dense?: readonly number[];
  readonly dense_count?: number;
  readonly numbers_in_the_prompt?: readonly number[];
  readonly stack?: Written;
  readonly key_out_of_range_of_the_stack?: boolean;
  readonly error?: string;
}
interface FrameCase {
  readonly frames: number;
  readonly fps: number;
  readonly qwen2_5: FrameResult;
  readonly [script: string]: FrameResult | number;
}
interface LevelsFile {
  readonly cases: readonly { readonly script: string; readonly logits: Logits; readonly score: unknown }[];
  readonly image_script_head?: readonly {
    readonly image: string;
    readonly logits: Logits | null;
    readonly printed_score: number;
  }[];
}
interface MosLevelsFile {
  readonly cases: readonly {
    readonly range: string;
    readonly low: number;
    readonly high: number;
    readonly mos: number;
    readonly normalised: number;
    readonly level: string;
  }[];
  readonly lists?: readonly {
    readonly file: string;
    readonly samples: readonly { readonly mos: number; readonly level: number }[];
  }[];
}
interface StallFile {
  readonly cases: readonly {
    readonly frames: number;
    readonly fps: number;
    readonly stalls: readonly (readonly [number, number])[];
    readonly ver1: string;
    readonly ver2: string;
  }[];
}
interface QbenchFile {
  readonly cases: readonly {
    readonly script: string;
    readonly question_type: string;
    readonly correct: string;
    readonly decoded: string;
    readonly stored_answer?: string;
    readonly printed_accuracy?: number;
    readonly error?: string;
  }[];
  readonly runs?: readonly {
    readonly script: string;
    readonly items: readonly {
      readonly question_type: string;
      readonly correct_choice?: string;
      readonly Correct_choice?: string;
    }[];
    readonly decoded: readonly string[];
    readonly running_accuracy: readonly number[];
  }[];
}
interface MetricsFile {
  readonly cases: readonly {
    readonly script: string;
    readonly level_logits: readonly Logits[];
    readonly scores: readonly number[];
    readonly mos: readonly number[];
    readonly printed: readonly string[];
    readonly written: unknown;
  }[];
}

/** True for a file of this family. */
export function isVqa2(name: string, json: unknown): boolean {
  const first = (json as { cases?: readonly unknown[] } | null)?.cases?.[0];
  if (typeof first !== 'object' || first === null) return false;
  if (name === 'frames.json') return 'ugc_nov' in first;
  return 'script' in first;
}

/** Raises of the official code by what this code says. */
function attempt<T>(work: () => T): { readonly value: T } | { readonly error: string } {
  try {
    return { value: work() };
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) throw thrown;
    return { error: String(thrown.params.python) };
  }
}

const range = ([start, stop, step]: readonly number[]) =>
  Array.from({ length: Math.max(0, Math.ceil((stop! - start!) / step!)) }, (_, k) => start! + k * step!);

/** A recorded list, shortened in the middle by "…" or written as a range. */
function compareList(t: Tally, label: string, actual: readonly number[], written: Written): void {
  const dots = written.indexOf('...');
  if (dots < 0) {
    t.equal(label, actual, written);
    return;
  }
  const tail = written.slice(dots + 1);
  t.equal(
    label,
    [...actual.slice(0, dots), ...actual.slice(-tail.length)],
    [...written.slice(0, dots), ...tail],
  );
}

/** Scripts by their refusal of a clip shorter than a second, and their dense frames. */
const scripts: Readonly<Record<string, { wholeSecond: boolean; dense: 'all' | 'every-8th' }>> = {
  ugc_nov: { wholeSecond: true, dense: 'every-8th' },
  stream_nov: { wholeSecond: true, dense: 'all' },
  qbench_nov: { wholeSecond: false, dense: 'all' },
  qbench_head: { wholeSecond: false, dense: 'all' },
  qbench_fg_head: { wholeSecond: false, dense: 'all' },
  ugc_head: { wholeSecond: true, dense: 'all' },
  train_head: { wholeSecond: false, dense: 'all' },
};

/** `frames.json`, exact. */
export function checkVqa2Frames(json: unknown): ConformanceReport {
  const t = tally('frames');
  for (const c of (json as { cases: readonly FrameCase[] }).cases) {
    t.count();
    for (const [script, rule] of Object.entries(scripts)) {
      if (!(script in c)) continue;
      const label = `${script} L=${c.frames} fps=${c.fps}`;
      const want = c[script] as FrameResult;
      const got = attempt(() => keyFrames(c.frames, c.fps, rule.wholeSecond));
      const silent = String(want.error).startsWith('item dropped silently');
      if ('error' in got || want.error !== undefined) {
        const error = 'error' in got ? got.error : null;
        t.equal(`${label} error`, silent && error !== null, silent);
        if (!silent) t.equal(`${label} error`, error, want.error?.split(':')[0] ?? null);
        continue;
      }
      const dense = denseFrames(c.frames, rule.dense);
      t.equal(`${label} key`, got.value, range(want.key ?? []));
      t.equal(`${label} dense`, dense.length, want.dense_count);
      if (want.dense) t.equal(`${label} dense`, dense, range(want.dense));
      if (want.numbers_in_the_prompt)
        t.equal(`${label} counts`, [got.value.length, dense.length], want.numbers_in_the_prompt);
    }
    checkEarlierStacks(t, c);
    const got = attempt(() => spreadKeyFrames(c.frames, c.fps));
    if ('error' in got) t.equal(`qwen2_5 L=${c.frames}`, got.error, String(c.qwen2_5.error).split(':')[0]);
    else {
      compareList(t, `qwen2_5 L=${c.frames} fps=${c.fps}`, got.value, c.qwen2_5.key ?? []);
      t.equal(`qwen2_5 L=${c.frames} count`, got.value.length, c.qwen2_5.key_count);
    }
  }
  return t.report();
}

function checkEarlierStacks(t: Tally, c: FrameCase): void {
  for (const [name, result] of Object.entries(c)) {
    const want = result as FrameResult;
    const perSecond = /^train_nov_fps(.+)$/.exec(name)?.[1];
    if (perSecond === undefined) continue;
    const label = `${name} L=${c.frames} fps=${c.fps}`;
    const got = attempt(() => earlierStack(c.frames, c.fps, Number(perSecond)));
    if ('error' in got) t.equal(label, got.error, String(want.error).split(':')[0]);
    else {
      compareList(t, label, got.value.stack, want.stack ?? []);
      t.equal(`${label} fails`, got.value.fails, want.key_out_of_range_of_the_stack);
    }
  }
}

const scriptProtocols: Readonly<Record<string, keyof typeof scoreProtocols>> = {
  ugc_nov: 'ugc-2024',
  stream_nov: 'streaming-2024',
  ugc_head: 'ugc-2025',
};
const logitsOf = (logits: Logits) =>
  ['high', 'good', 'fair', 'poor', 'low'].map((word) => Number(logits[word] ?? Number.NaN));

/** `levels.json`: 1e-12 wherever the script is finite; where its exponential overflows, ours is finite. */
export function checkVqa2Levels(json: unknown): ConformanceReport {
  const file = json as LevelsFile;
  const t = tally('levels', 1e-12);
  for (const c of file.cases) {
    t.count();
    const got = protocolScore(scoreProtocols[scriptProtocols[c.script]!], logitsOf(c.logits))?.value ?? null;
    const want = Number(c.score);
    if (got === null || !Number.isFinite(got)) t.fail(c.script, `no score from ${JSON.stringify(c.logits)}`);
    else if (c.score !== null && Number.isFinite(want)) t.near(c.script, got, want);
  }
  for (const c of file.image_script_head ?? []) {
    if (c.logits === null) continue;
    t.count();
    const { good = 0, fair = 0, poor = 0 } = c.logits;
    // Two of the five are read under names that the script never fills, and are 0.
    const printed = protocolScore(scoreProtocols['image-2025'], [0, good, fair, poor, 0])!;
    t.near(`${c.image} as printed`, printed.value, c.printed_score, 1e-7);
  }
  return t.report();
}

/** `mos_levels.json`: levels exact but for cases within rounding of an edge; the lists' sixth level is the fifth. */
export function checkMosLevels(json: unknown): ConformanceReport {
  const file = json as MosLevelsFile;
  const t = tally('mos_levels');
  for (const c of file.cases) {
    t.count();
    const fifth = c.normalised * 5;
    const nearEdge = Math.abs(fifth - Math.round(fifth)) < 5e-12;
    const got = mosToLevel(c.mos, c.low, c.high);
    if (!nearEdge || c.normalised === 0 || c.normalised === 1)
      t.equal(`${c.mos} of ${c.range}`, got, c.level);
  }
  const ascending = ['low', 'poor', 'fair', 'good', 'high'];
  for (const list of file.lists ?? []) {
    for (const { mos, level } of list.samples) {
      t.count();
      t.equal(`${list.file} ${mos}`, mosToLevel(mos, 0, 1), ascending[Math.min(level, 5) - 1]);
    }
  }
  return t.report();
}

/** `stall.json`, byte for byte. */
export function checkStall(json: unknown): ConformanceReport {
  const file = json as StallFile;
  const t = tally('stall');
  for (const c of file.cases) {
    t.count();
    const still = new Array<boolean>(c.frames).fill(false);
    for (const [from, to] of c.stalls) still.fill(true, from, to);
    const label = `${c.frames} frames at ${c.fps}`;
    t.equal(`${label} digits`, streamingText(c.frames / c.fps, still, 'digits'), c.ver1);
    t.equal(`${label} summary`, streamingText(c.frames / c.fps, still, 'summary'), c.ver2);
  }
  return t.report();
}

/** `qbench.json`, exact: grades of single answers and running accuracies of whole runs. */
export function checkQbench(json: unknown): ConformanceReport {
  const file = json as QbenchFile;
  const t = tally('qbench');
  const open = (type: string) => type.includes('open_ended');
  for (const c of file.cases) {
    t.count();
    const label = `${c.script} ${JSON.stringify(c.decoded)} for ${c.correct}`;
    const grade = officialGrade(c.decoded, c.correct);
    if (c.error) {
      t.equal(label, grade, null);
      continue;
    }
    t.equal(`${label} stored`, storedAnswer(c.decoded), c.stored_answer);
    t.equal(label, open(c.question_type) ? 0 : Number(grade), c.printed_accuracy);
  }
  for (const run of file.runs ?? []) {
    t.count();
    let [right, asked] = [0, 0];
    const running = run.items.map((item, k) => {
      if (!open(item.question_type)) {
        asked++;
        if (officialGrade(run.decoded[k]!, (item.correct_choice ?? item.Correct_choice)!)) right++;
      }
      return asked === 0 ? 0 : right / asked;
    });
    t.equal(`${run.script} run`, running.slice(0, run.running_accuracy.length), run.running_accuracy);
  }
  return t.report();
}

/** `metrics.json`: scores; correlations printed after items 10, 20, … over all items so far, and written; to 1e-10. */
export function checkVqa2Metrics(json: unknown): ConformanceReport {
  const file = json as MetricsFile;
  const t = tally('metrics', 1e-10);
  for (const c of file.cases) {
    t.count();
    const protocol = scoreProtocols[scriptProtocols[c.script]!];
    const scores: number[] = c.level_logits.map((l) => protocolScore(protocol, logitsOf(l))!.value);
    t.nearAll(`${c.script} scores`, scores, c.scores);
    const printed: number[][] = c.printed
      .filter((line) => !/Spearmanr|quality of this|<image>/.test(line))
      .map((line) => (line.match(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g) ?? []).map(Number))
      .filter((numbers) => numbers.length >= 2);
    const ends = scores.map((_, i) => i).filter((i) => i > 0 && i % 10 === 0);
    for (const [k, numbers] of printed.entries()) {
      const count = ends[k % ends.length]! + 1;
      const [pred, mos] = [scores.slice(0, count), c.mos.slice(0, count)];
      t.near(`${c.script} SRCC of ${count}`, srcc(pred, mos).value, numbers[0]!);
      t.near(`${c.script} PLCC of ${count}`, plcc(pred, mos).value, numbers[1]!);
    }
    // The scripts of 2024 write one pair a list, over all items.
    const whole = { SRCC: srcc(scores, c.mos).value, PLCC: plcc(scores, c.mos).value };
    const written = [
      ...JSON.stringify(c.written).matchAll(/spearman\W+\[([^\]]+)\]\W+personr\W+\[([^\]]+)\]/g),
    ];
    for (const [, rank, linear] of written) {
      t.nearAll(
        `${c.script} SRCC written`,
        rank!.split(',').map(() => whole.SRCC),
        rank!.split(',').map(Number),
      );
      t.nearAll(
        `${c.script} PLCC written`,
        linear!.split(',').map(() => whole.PLCC),
        linear!.split(',').map(Number),
      );
    }
    if (printed.length + written.length === 0) t.fail(c.script, 'nothing printed or written could be read');
  }
  return t.report();
}
