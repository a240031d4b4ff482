/** `vqathinker ladder`. */
import { writeFileSync } from 'node:fs';
import { CodedError } from '../../core/errors.ts';
import { csvLine } from '../../core/files/csv.ts';
import { errorMessage } from '../../core/text/error-messages.ts';
import { type Ladder, ladderOf } from '../node/ladder-files.ts';
import { nodeMedia } from '../node/media.ts';
import { loadModel } from '../node/model.ts';
import { preparePlatform } from '../node/platform.ts';
import { Arguments, UsageError } from './arguments.ts';
import { printable } from './formats.ts';
import { ladderSvg, rateText } from './ladder-svg.ts';
import { deviceOf, modelOf } from './model-choice.ts';
import { Progress } from './progress.ts';
import { STATUS } from './status.ts';

const number = (value: number | null, decimals: number) => value?.toFixed(decimals) ?? '–';

/** Table for people; the knee is marked, and explained below. */
export function ladderText({ source, renditions, unreadable, knee }: Ladder): string {
  const head = ['rate', 'size', 'score', 'per doubling', 'PSNR', 'SSIM', ''];
  const rows = renditions.map(({ path, rate, width, height, score, gain, psnr, ssim }) => [
    rateText(rate),
    `${width} × ${height}`,
    number(score, 2),
    gain === null ? '' : `${gain < 0 ? '' : '+'}${gain.toFixed(2)}`,
    psnr === null ? 'equal' : `${psnr.toFixed(2)} dB`,
    number(ssim, 4),
    `${printable(path)}${path === knee ? '  ← knee' : ''}`,
  ]);
  const top = ['source', `${source.width} × ${source.height}`, number(source.score, 2), '', '', ''];
  const table = [head, [...top, printable(source.path)], ...rows];
  const widths = head.map((_, k) => Math.max(...table.map((row) => row[k]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, k) => (k < 6 ? cell.padStart(widths[k]!) : cell))
      .join('  ')
      .trimEnd(),
  );
  const marked = renditions.find(({ path }) => path === knee);
  const last = marked
    ? `More rate than ${rateText(marked.rate)} gains little: the curve bends there.`
    : 'No rendition stands out: the curve has no clear bend.';
  const faults = unreadable.map(
    ({ path, error }) => `error ${printable(path)}: ${printable(errorMessage(CodedError.fromData(error)))}`,
  );
  return [...lines, ...faults, '', last, ''].join('\n');
}

/** A line a rendition; rates in kb/s. */
export function ladderCsv({ renditions, knee }: Ladder): string {
  const head = ['path', 'kbps', 'width', 'height', 'fps', 'score', 'gain', 'psnr', 'ssim', 'knee'];
  const rows = renditions.map(({ path, rate, width, height, fps, score, gain, psnr, ssim }) => [
    path,
    (rate / 1000).toFixed(3),
    width,
    height,
    fps,
    score ?? '',
    gain ?? '',
    psnr ?? '',
    ssim ?? '',
    path === knee ? 1 : 0,
  ]);
  return [head, ...rows].map((row) => `${csvLine(row)}\r\n`).join('');
}

/**
 * @returns the exit status
 * @throws UsageError; CodedError of the source, the model or the decoder
 */
export async function ladder(args: readonly string[], signal: AbortSignal): Promise<number> {
  const given = new Arguments('ladder', args);
  const [source, ...renditions] = given.operands;
  if (source === undefined || renditions.length === 0)
    throw new UsageError('ladder takes the source and at least one rendition of it.');
  deviceOf(given);
  const format = given.text('format') ?? (process.stdout.isTTY === true ? 'text' : 'json');
  preparePlatform();
  const session = { media: nodeMedia(), model: await loadModel(modelOf(given)) };
  const progress = new Progress(renditions.length + 1, given.flag('quiet'));
  const made = await ladderOf(source, renditions, session, { signal, onDone: () => progress.step() });
  progress.clear();
  const text =
    format === 'text'
      ? ladderText(made)
      : format === 'csv'
        ? ladderCsv(made)
        : `${JSON.stringify(made, null, 2)}\n`;
  const [svg, output] = [given.text('svg'), given.text('output')];
  if (svg !== null) writeFileSync(svg, ladderSvg(made));
  if (output !== null) writeFileSync(output, text);
  else process.stdout.write(text);
  return made.unreadable.length > 0 ? STATUS.unreadable : STATUS.passed;
}
