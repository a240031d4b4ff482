/** `vqathinker score`. */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, extname, join } from 'node:path';
import { type Calibration, checkCalibrationModel } from '../../core/files/calibration.ts';
import { calibratedScore } from '../../core/stats/calibration.ts';
import { isScored, type ModelFacts, type Row, type Scored, shownScore } from '../node/rows.ts';
import { UsageError } from './arguments.ts';
import { calibrationAt } from './calibration-file.ts';
import type { Format } from './command-table.ts';
import { listFiles } from './files.ts';
import { worstFirst, writerOf } from './formats.ts';
import { failedGates } from './gates.ts';
import type { ScoreArguments } from './options.ts';
import { type Job, scoreAll } from './pool.ts';
import { Progress } from './progress.ts';
import { earlierRows, RowsFile, resumableRows } from './rows-file.ts';
import { STATUS } from './status.ts';

export interface ScoreParts {
  /** The command's own module, which the processes run. */
  readonly module: string;
  readonly modelFacts: () => Promise<ModelFacts>;
  readonly signal: AbortSignal;
}

/** File of the same name without its extension in the reference folder. */
function referenceFinder(folder: string): (path: string) => string | null {
  const stem = (name: string) => basename(name, extname(name));
  const names = new Map(readdirSync(folder).map((name) => [stem(name), join(folder, name)]));
  return (path) => names.get(stem(path)) ?? null;
}

type Calibrate = (row: Scored) => Scored;

/** Adds the score on the calibration's scale; without a calibration the row stays as it is. */
function calibrating(calibration: Calibration | null): Calibrate {
  if (calibration === null) return ({ calibrated: _, ...row }) => row;
  return (row) => ({
    ...row,
    calibrated:
      row.score === null ? null : Number(calibratedScore(calibration.map, row.score).toPrecision(6)),
  });
}

/** Scores of the references, each once. */
async function referenceScores(
  args: ScoreArguments,
  files: readonly string[],
  parts: ScoreParts,
  calibrate: Calibrate,
) {
  const scores = new Map<string, number>();
  if (args.reference === null) return scores;
  const find = referenceFinder(args.reference);
  const wanted = new Map(files.map((path) => [path, find(path)]));
  const missing = [...wanted].find(([, reference]) => reference === null);
  if (missing) throw new UsageError(`${args.reference} holds no file named as ${missing[0]}.`);
  const byReference = new Map<string, Row>();
  const jobs = [...new Set(wanted.values())].map(
    (path): Job => ({ path: path!, every: 0, people: false, strict: args.strict }),
  );
  await scoreAll(jobs, { ...poolOf(args, parts), onRow: (row) => byReference.set(row.path, row) });
  for (const [path, reference] of wanted) {
    const row = byReference.get(reference!);
    const score = row && isScored(row) ? shownScore(calibrate(row)) : null;
    if (score !== null) scores.set(path, score);
  }
  return scores;
}

const poolOf = (args: ScoreArguments, { module, signal }: ScoreParts) => ({
  module,
  args: ['--process', args.model],
  size: args.jobs ?? availableParallelism(),
  signal,
});

/** True where an earlier row has what this run is asked for. */
export function isComplete(row: Row, { every, people }: Pick<ScoreArguments, 'every' | 'people'>): boolean {
  if (!isScored(row)) return false;
  return (every === 0 || row.scores !== undefined) && (!people || row.human_estimate !== undefined);
}

function formatOf({ format, output }: ScoreArguments): Format {
  return format ?? (output === null && process.stdout.isTTY === true ? 'text' : 'jsonl');
}

async function calibrationOf(args: ScoreArguments, parts: ScoreParts): Promise<Calibration | null> {
  if (args.calibration === null) return null;
  const calibration = calibrationAt(args.calibration);
  checkCalibrationModel(calibration, await parts.modelFacts());
  return calibration;
}

/**
 * Scores the files and writes their rows.
 *
 * @returns the exit status
 * @throws UsageError, PlatformError, CodedError `calibration/*`, the signal's reason
 */
export async function score(args: ScoreArguments, parts: ScoreParts): Promise<number> {
  const files = listFiles(args.paths, { ...args, stdin: () => readFileSync(0, 'utf8') });
  if (files.length === 0) throw new UsageError('These names hold no video file.');
  if (args.dryRun) {
    process.stdout.write(files.map((path) => `${path}\n`).join(''));
    return STATUS.passed;
  }
  const calibrate = calibrating(await calibrationOf(args, parts));
  const writer = writerOf(formatOf(args), args);
  const earlier = args.resume
    ? resumableRows(earlierRows(args.output!), await parts.modelFacts()).filter((row) =>
        isComplete(row, args),
      )
    : [];
  const done = new Set(earlier.map(({ path }) => path));
  const references = await referenceScores(args, files, parts, calibrate);
  const gated = (row: Row): Row => {
    if (!isScored(row)) return row;
    const { failed: _, ...scored } = row;
    const shown = calibrate(scored);
    const failed = failedGates(shown, args, references.get(row.path) ?? null);
    return failed.length > 0 ? { ...shown, failed } : shown;
  };
  const rows = earlier.filter(({ path }) => files.includes(path)).map(gated);
  const output = new RowsFile(
    args.output,
    writer.head + earlier.map((row) => writer.row(gated(row))).join(''),
  );
  const progress = new Progress(files.filter((path) => !done.has(path)).length, args.quiet);
  const onRow = (scored: Row) => {
    const row = gated(scored);
    rows.push(row);
    progress.clear();
    if (args.worst === null) output.write(writer.row(row));
    progress.step();
  };
  const jobs = files
    .filter((path) => !done.has(path))
    .map((path) => ({ path, every: args.every, people: args.people, strict: args.strict }));
  await scoreAll(jobs, { ...poolOf(args, parts), onRow });
  progress.clear();
  const order = new Map(files.map((path, k) => [path, k]));
  const ordered = rows.toSorted((a, b) => order.get(a.path)! - order.get(b.path)!);
  const shown = args.worst === null ? ordered : worstFirst(ordered, args.worst);
  if (args.worst !== null) output.write(shown.map((row) => writer.row(row)).join(''));
  output.write(writer.foot(shown));
  output.close();
  if (rows.some((row) => isScored(row) && row.failed?.length)) return STATUS.failed;
  return rows.some((row) => !isScored(row)) ? STATUS.unreadable : STATUS.passed;
}
