/** `vqathinker compare`. */
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { viewAnswer } from '../../core/answer/answer-stream.ts';
import { readVmafLog } from '../../core/files/vmaf-log.ts';
import { meanAndMin } from '../../core/stats/full-reference.ts';
import { type Compared, compareFiles } from '../node/compare-files.ts';
import { nodeMedia } from '../node/media.ts';
import { loadModel } from '../node/model.ts';
import { preparePlatform } from '../node/platform.ts';
import { Arguments, UsageError } from './arguments.ts';
import { deviceOf, modelOf } from './model-choice.ts';
import { STATUS } from './status.ts';

interface CompareArguments {
  readonly paths: readonly [string, string];
  readonly format: 'text' | 'json';
  readonly model: string;
  readonly answers: number;
  /** File of a log of libvmaf; null without one. */
  readonly vmafLog: string | null;
}

/** @throws UsageError; CodedError `command/device` */
export function compareArguments(args: readonly string[]): CompareArguments {
  const given = new Arguments('compare', args);
  const [a, b, ...more] = given.operands;
  if (a === undefined || b === undefined || more.length > 0) throw new UsageError('compare takes two files.');
  deviceOf(given);
  const text = given.text('format') === 'text' || (!given.text('format') && process.stdout.isTTY === true);
  return {
    paths: [a, b],
    format: text ? 'text' : 'json',
    model: modelOf(given),
    answers: given.number('answers', { least: 1, most: 16, whole: true }) ?? 1,
    vmafLog: given.text('vmaf-log'),
  };
}

/** VMAF of the frames of a log beside the pairs of frames: value k of `frames` is that of pair k. */
export interface VmafColumn {
  readonly mean: number | null;
  readonly lowest: { readonly index: number; readonly value: number } | null;
  readonly frames: readonly (number | null)[];
}

/**
 * @param pairs number of pairs of frames; frames of the log beyond them are left out
 * @throws UsageError for a file that is not there; CodedError `compare/log`
 */
export function vmafColumn(path: string, pairs: number): VmafColumn {
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`);
  const { frames } = readVmafLog(basename(path), readFileSync(path, 'utf8'));
  const { mean, min } = meanAndMin(frames.subarray(0, pairs));
  const values = Array.from({ length: pairs }, (_, k) => frames[k] ?? Number.NaN);
  return { mean, lowest: min, frames: values.map((value) => (Number.isNaN(value) ? null : value)) };
}

const two = (value: number | null | undefined) => value?.toFixed(2) ?? '–';

function verdict({ preference }: Compared): string {
  if (!preference) return 'no verdict: a side has no readable score';
  const { difference, low, high } = preference;
  const size = `A − B = ${two(difference)}`;
  if (low === null || high === null)
    return `${size}; one answer a side, so without an interval (--answers 4 gives one)`;
  const word =
    preference.verdict === 'unsure' ? 'no clear difference' : `${preference.verdict.toUpperCase()} is better`;
  return `${word}: ${size} [${two(low)}, ${two(high)}]`;
}

function text(compared: Compared, vmaf: VmafColumn | null): string {
  const { summary, luma } = compared.full_reference;
  const sides = (
    [
      ['A', compared.a],
      ['B', compared.b],
    ] as const
  ).flatMap(([letter, { path, score, text: answer }]) => [
    `${letter}  ${two(score)}  ${path}`,
    `      ${viewAnswer(answer).thinking.trim()}`,
  ]);
  const psnr =
    summary.psnrOfMeanMse === Number.POSITIVE_INFINITY ? 'identical' : `${two(summary.psnrOfMeanMse)} dB`;
  const lowest = summary.minPsnr
    ? `, lowest ${two(summary.minPsnr.value)} dB at pair ${summary.minPsnr.index}`
    : '';
  const ssim = `SSIM ${summary.meanSsim?.toFixed(4) ?? '–'}`;
  const pairs = `${summary.pairs} pairs of luma at ${luma.width} × ${luma.height}`;
  const log = vmaf
    ? [
        `VMAF ${two(vmaf.mean)}, lowest ${two(vmaf.lowest?.value)} at pair ${vmaf.lowest?.index ?? '–'} (from the log)`,
      ]
    : [];
  return [...sides, verdict(compared), `PSNR ${psnr}${lowest}; ${ssim}; ${pairs}`, ...log, ''].join('\n');
}

/**
 * @returns the exit status
 * @throws UsageError; CodedError of a file, the model or the decoder
 */
export async function compare(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { paths, format, model, answers, vmafLog } = compareArguments(args);
  if (vmafLog !== null) vmafColumn(vmafLog, 0);
  preparePlatform();
  const session = { media: nodeMedia(), model: await loadModel(model) };
  const compared = await compareFiles(paths, answers, session, signal);
  const vmaf = vmafLog === null ? null : vmafColumn(vmafLog, compared.full_reference.frames.length);
  const json = { ...compared, ...(vmaf && { vmaf }) };
  process.stdout.write(format === 'text' ? text(compared, vmaf) : `${JSON.stringify(json, null, 2)}\n`);
  return STATUS.passed;
}
