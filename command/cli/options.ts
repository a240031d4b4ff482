/** Arguments of the command, read strictly: what is unknown or wrong is named, and nothing is guessed. */
import { parseArgs } from 'node:util';

export const FORMATS = ['text', 'json', 'jsonl', 'csv', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

export interface ScoreArguments {
  readonly paths: readonly string[];
  /** Null: text on a terminal, JSON lines in a pipe or a file. */
  readonly format: Format | null;
  readonly output: string | null;
  readonly resume: boolean;
  readonly jobs: number | null;
  readonly recursive: boolean;
  /** `small`, a folder or an address. */
  readonly model: string;
  readonly every: number;
  readonly people: boolean;
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

/** A wrong call: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const OPTIONS = {
  format: { type: 'string', short: 'f' },
  output: { type: 'string', short: 'o' },
  resume: { type: 'boolean' },
  jobs: { type: 'string', short: 'j' },
  recursive: { type: 'boolean', short: 'r' },
  model: { type: 'string', short: 'm', default: 'small' },
  every: { type: 'string' },
  people: { type: 'boolean' },
  worst: { type: 'string' },
  shard: { type: 'string' },
  min: { type: 'string' },
  'max-drop': { type: 'string' },
  reference: { type: 'string' },
  text: { type: 'boolean' },
  'no-text': { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  'dry-run': { type: 'boolean' },
} as const;

function number(
  name: string,
  text: string | undefined,
  { least, whole = false }: { least: number; whole?: boolean },
) {
  if (text === undefined) return null;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least || (whole && !Number.isInteger(value)))
    throw new UsageError(
      `--${name} takes a ${whole ? 'whole ' : ''}number of at least ${least}, not “${text}”.`,
    );
  return value;
}

function shardOf(text: string | undefined): ScoreArguments['shard'] {
  if (text === undefined) return null;
  const [, of, parts] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (of === undefined || parts === undefined || of < 1 || of > parts)
    throw new UsageError(`--shard takes I/N with I from 1 to N, such as 2/8, not “${text}”.`);
  return { of, parts };
}

/** @throws UsageError */
export function scoreArguments(args: readonly string[]): ScoreArguments {
  const { values, positionals } = parsed(args);
  const format = FORMATS.find((each) => each === values.format) ?? null;
  if (values.format !== undefined && format === null)
    throw new UsageError(`--format takes ${FORMATS.join(', ')}, not “${values.format}”.`);
  const made: ScoreArguments = {
    paths: positionals,
    format,
    output: values.output ?? null,
    resume: values.resume ?? false,
    jobs: number('jobs', values.jobs, { least: 1, whole: true }),
    recursive: values.recursive ?? false,
    model: values.model,
    every: number('every', values.every, { least: 1 }) ?? 0,
    people: values.people ?? false,
    worst: number('worst', values.worst, { least: 1, whole: true }),
    shard: shardOf(values.shard),
    min: number('min', values.min, { least: 0 }),
    maxDrop: number('max-drop', values['max-drop'], { least: 0 }),
    reference: values.reference ?? null,
    text: !(values['no-text'] ?? false),
    quiet: values.quiet ?? false,
    dryRun: values['dry-run'] ?? false,
  };
  validate(made);
  return made;
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function validate(args: ScoreArguments): void {
  if (args.paths.length === 0)
    throw new UsageError('Name at least one file or folder, or - to read names from standard input.');
  if ((args.maxDrop === null) !== (args.reference === null))
    throw new UsageError(
      '--max-drop and --reference go together: the drop is measured against the file of the same name there.',
    );
  if (args.resume && (args.output === null || (args.format ?? 'jsonl') !== 'jsonl'))
    throw new UsageError('--resume needs -o FILE in the format jsonl, whose whole lines tell what is done.');
  if (args.worst !== null && args.resume)
    throw new UsageError('--worst sorts all files at the end and cannot be resumed.');
}
