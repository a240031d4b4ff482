/** Arguments of `vqathinker score`. */
import { Arguments, UsageError } from './arguments.ts';
import { type Device, FORMATS, type Format } from './command-table.ts';
import { deviceOf, modelOf } from './model-choice.ts';

export interface ScoreArguments {
  readonly paths: readonly string[];
  /** Null: text on a terminal, JSON lines in a pipe or a file. */
  readonly format: Format | null;
  readonly output: string | null;
  readonly resume: boolean;
  readonly jobs: number | null;
  readonly recursive: boolean;
  /** Folder or address. */
  readonly model: string;
  readonly device: Device;
  readonly every: number;
  readonly people: boolean;
  /** True: HDR is refused. */
  readonly strict: boolean;
  /** File of a calibration; null: scores of the model alone. */
  readonly calibration: string | null;
  readonly worst: number | null;
  /** Share `of` of `parts`, counted from 1. */
  readonly shard: { readonly of: number; readonly parts: number } | null;
  readonly min: number | null;
  readonly maxDrop: number | null;
  readonly reference: string | null;
  readonly text: boolean;
  readonly quiet: boolean;
  readonly dryRun: boolean;
}

function shardOf(text: string | null): ScoreArguments['shard'] {
  if (text === null) return null;
  const [, of, parts] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (of === undefined || parts === undefined || of < 1 || of > parts)
    throw new UsageError(`--shard takes I/N with I from 1 to N, such as 2/8, not “${text}”.`);
  return { of, parts };
}

/** @throws UsageError; CodedError `command/device` */
export function scoreArguments(args: readonly string[]): ScoreArguments {
  const given = new Arguments('score', args);
  const made: ScoreArguments = {
    paths: given.operands,
    format: FORMATS.find((each) => each === given.text('format')) ?? null,
    output: given.text('output'),
    resume: given.flag('resume'),
    jobs: given.number('jobs', { least: 1, whole: true }),
    recursive: given.flag('recursive'),
    model: modelOf(given),
    device: deviceOf(given),
    every: given.number('every', { least: 1 }) ?? 0,
    people: given.flag('people'),
    strict: given.flag('strict'),
    calibration: given.text('calibration'),
    worst: given.number('worst', { least: 1, whole: true }),
    shard: shardOf(given.text('shard')),
    min: given.number('min', { least: Number.NEGATIVE_INFINITY }),
    maxDrop: given.number('max-drop', { least: 0 }),
    reference: given.text('reference'),
    text: !given.flag('no-text'),
    quiet: given.flag('quiet'),
    dryRun: given.flag('dry-run'),
  };
  validate(made, given.flag('text'));
  return made;
}

function validate(args: ScoreArguments, asksText: boolean): void {
  if (args.paths.length === 0)
    throw new UsageError('Name at least one file or folder, or - to read names from standard input.');
  if (asksText && !args.text) throw new UsageError('--text and --no-text exclude each other.');
  if ((args.maxDrop === null) !== (args.reference === null))
    throw new UsageError(
      '--max-drop and --reference go together: the drop is measured against the file of the same name there.',
    );
  if (args.resume && (args.output === null || (args.format ?? 'jsonl') !== 'jsonl'))
    throw new UsageError('--resume needs -o FILE in the format jsonl, whose whole lines tell what is done.');
  if (args.worst !== null && args.resume)
    throw new UsageError('--worst sorts all files at the end and cannot be resumed.');
}
