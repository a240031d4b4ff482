/**
 * VMAF values of the frames in a log of libvmaf, as its JSON, CSV and XML writers print them (`log_fmt` of ffmpeg's filter,
 * `--json`, `--csv`, `--xml` of the command line). Ours.
 */
import { CodedError } from '../errors.ts';

export interface VmafLog {
  readonly file: string;
  /** VMAF by frame of the log, NaN where it has none (`n_subsample`); [frames]. */
  readonly frames: Float64Array;
}

type Numbered = readonly (readonly [frame: number, vmaf: number])[];

/** Columns and keys of the frame number and the score, newest first; older logs have capital letters. */
const FRAME = /^frame(num)?$/i;
const SCORE = /^(integer_)?vmaf(_score)?$/i;

/** Longest log that is read, in frames: 77 hours at 60 frames a second. */
const MOST_FRAMES = 1 << 24;

/** True for the name of a file that may be a log. */
export const isLogName = (name: string): boolean => /\.(json|csv|xml)$/i.test(name);

/** @throws CodedError `compare/log` when there is no VMAF value of a frame */
export function readVmafLog(file: string, text: string): VmafLog {
  const start = text.trimStart();
  const numbered = start.startsWith('{')
    ? fromJson(start)
    : start.startsWith('<')
      ? fromXml(start)
      : fromCsv(start);
  const valid = numbered.filter(
    ([frame, vmaf]) => Number.isInteger(frame) && frame >= 0 && frame < MOST_FRAMES && Number.isFinite(vmaf),
  );
  if (valid.length === 0) throw new CodedError('compare/log', { file });
  const frames = new Float64Array(valid.reduce((last, [frame]) => Math.max(last, frame), 0) + 1).fill(
    Number.NaN,
  );
  for (const [frame, vmaf] of valid) frames[frame] = vmaf;
  return { file, frames };
}

const numberOf = (value: unknown): number =>
  typeof value === 'number'
    ? value
    : typeof value === 'string' && value.trim() !== ''
      ? Number(value)
      : Number.NaN;

const entryOf = (record: unknown, key: RegExp): unknown =>
  typeof record === 'object' && record !== null
    ? Object.entries(record).find(([name]) => key.test(name))?.[1]
    : undefined;

function fromJson(text: string): Numbered {
  let log: unknown;
  try {
    log = JSON.parse(text);
  } catch {
    return [];
  }
  const frames = entryOf(log, /^frames$/);
  if (!Array.isArray(frames)) return [];
  return frames.map((frame: unknown) => [
    numberOf(entryOf(frame, FRAME)),
    numberOf(entryOf(entryOf(frame, /^metrics$/), SCORE)),
  ]);
}

function fromXml(text: string): Numbered {
  return [...text.matchAll(/<frame\b([^>]*?)\/?>/g)].map(([, attributes = '']) => {
    const pairs = [...attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)];
    const value = (key: RegExp) => {
      const pair = pairs.find(([, name = '']) => key.test(name));
      return numberOf(pair?.[2] ?? pair?.[3]);
    };
    return [value(FRAME), value(SCORE)];
  });
}

function fromCsv(text: string): Numbered {
  const [head = '', ...lines] = text.split(/\r?\n/);
  const cells = (line: string) => line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  const names = cells(head);
  const frame = names.findIndex((name) => FRAME.test(name));
  const score = names.findIndex((name) => SCORE.test(name));
  if (frame < 0 || score < 0) return [];
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const row = cells(line);
      return [numberOf(row[frame]), numberOf(row[score])];
    });
}
