/** `vqathinker compare`. */
import { parseArgs } from 'node:util';
import { viewAnswer } from '../../core/answer/answer-stream.ts';
import { type Compared, compareFiles } from '../node/compare-files.ts';
import { nodeMedia } from '../node/media.ts';
import { loadModel } from '../node/model.ts';
import { bundledModel, preparePlatform } from '../node/platform.ts';
import { UsageError } from './options.ts';
import { STATUS } from './status.ts';

interface CompareArguments {
  readonly paths: readonly [string, string];
  readonly format: 'text' | 'json';
  readonly model: string;
  readonly answers: number;
}

/** @throws UsageError */
export function compareArguments(args: readonly string[]): CompareArguments {
  const { values, positionals } = parsed(args);
  const [a, b, ...more] = positionals;
  if (a === undefined || b === undefined || more.length > 0) throw new UsageError('compare takes two files.');
  const format = values.format ?? (process.stdout.isTTY === true ? 'text' : 'json');
  if (format !== 'text' && format !== 'json')
    throw new UsageError(`compare writes text or json, not “${format}”.`);
  const answers = Number(values.answers ?? 1);
  if (!Number.isInteger(answers) || answers < 1 || answers > 16)
    throw new UsageError(`--answers takes a whole number from 1 to 16, not “${values.answers}”.`);
  return { paths: [a, b], format, model: values.model === 'small' ? bundledModel : values.model, answers };
}

function parsed(args: readonly string[]) {
  const options = {
    format: { type: 'string', short: 'f' },
    model: { type: 'string', short: 'm', default: 'small' },
    answers: { type: 'string', short: 'k' },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
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

function text(compared: Compared): string {
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
  return [...sides, verdict(compared), `PSNR ${psnr}${lowest}; ${ssim}; ${pairs}`, ''].join('\n');
}

/**
 * @returns the exit status
 * @throws UsageError; CodedError of a file, the model or the decoder
 */
export async function compare(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { paths, format, model, answers } = compareArguments(args);
  preparePlatform();
  const session = { media: nodeMedia(), model: await loadModel(model) };
  const compared = await compareFiles(paths, answers, session, signal);
  process.stdout.write(format === 'text' ? text(compared) : `${JSON.stringify(compared, null, 2)}\n`);
  return STATUS.passed;
}
