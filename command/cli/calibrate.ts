/** `vqathinker calibrate`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { Calibration } from '../../core/files/calibration.ts';
import { columnLabel, readScoreTable, type ScoreTable } from '../../core/files/score-table.ts';
import { matchScores } from '../../core/files/video-match.ts';
import { calibrationOf } from '../../core/stats/calibration.ts';
import { tableFaultText } from '../../core/text/table-fault-messages.ts';
import { isScored, type ModelFacts, type Row, type Scored } from '../node/rows.ts';
import { Arguments, UsageError } from './arguments.ts';
import { listFiles } from './files.ts';
import { deviceOf, modelOf } from './model-choice.ts';
import { scoreAll } from './pool.ts';
import { Progress } from './progress.ts';
import { earlierRows } from './rows-file.ts';
import { STATUS } from './status.ts';

const DEFAULT_OUTPUT = 'calibration.json';

/**
 * The table of human scores, with the column that the person chose.
 *
 * @param column name or number (from 1) of a column; null: the one that the table's own names or values tell
 * @throws UsageError for a table without scores, and where several columns could be meant
 */
export function tableAt(path: string, column: string | null): ScoreTable {
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`);
  const text = readFileSync(path, 'utf8');
  const first = readScoreTable(text);
  const labels = first.columns.map(columnLabel).join('; ');
  if (column === null) {
    if (!first.sure)
      throw new UsageError(
        `Several columns of ${path} could be the human scores (${labels}): choose by --column.`,
      );
    return checked(first, path);
  }
  const chosen = first.columns.find(
    ({ name, index }) =>
      name?.trim().toLowerCase() === column.trim().toLowerCase() || String(index + 1) === column,
  );
  if (!chosen)
    throw new UsageError(`${path} has no column of numbers ${column}. It has: ${labels || 'none'}.`);
  return checked(readScoreTable(text, chosen.index), path);
}

function checked(table: ScoreTable, path: string): ScoreTable {
  const [fault] = table.faults;
  if (table.rows.length === 0)
    throw new UsageError(`${path} ${fault ? tableFaultText('en', fault.fault) : 'holds no human score'}.`);
  return table;
}

/** Videos of the table's own names: as they stand, or beside the table. */
export function videosOf({ rows }: ScoreTable, table: string): string[] {
  const existing = rows.flatMap(({ path }) => {
    const candidates = isAbsolute(path) ? [path] : [path, join(dirname(table), path)];
    return candidates.find((candidate) => existsSync(candidate)) ?? [];
  });
  return [...new Set(existing)];
}

/** One model of the rows. @throws CodedError `calibration/model` where they are of several */
export function oneModel(rows: readonly Scored[]): ModelFacts {
  const first = rows[0]!.model;
  const other = rows.find(({ model }) => model.sha256 !== first.sha256);
  if (other)
    throw new CodedError('calibration/model', {
      was: `${first.name}, ${first.sha256.slice(0, 8)}`,
      now: `${other.model.name}, ${other.model.sha256.slice(0, 8)}`,
    });
  return first;
}

async function scoredRows(
  given: Arguments,
  table: ScoreTable,
  tablePath: string,
  parts: { readonly module: string; readonly signal: AbortSignal },
): Promise<Row[]> {
  const scores = given.text('scores');
  const paths = given.operands.slice(1);
  if (scores !== null) {
    if (paths.length > 0) throw new UsageError('--scores and paths of videos exclude each other.');
    if (!existsSync(scores)) throw new UsageError(`There is no file ${scores}.`);
    return earlierRows(scores);
  }
  const options = { recursive: given.flag('recursive'), shard: null, stdin: () => readFileSync(0, 'utf8') };
  const files = paths.length > 0 ? listFiles(paths, options) : videosOf(table, tablePath);
  if (files.length === 0)
    throw new UsageError(
      'The videos of the table are neither here nor beside it: name their folder, or the output of score by --scores.',
    );
  const wanted = matchScores(files, table.rows).scoreOf.flatMap((score, k) =>
    score === null ? [] : files[k]!,
  );
  const progress = new Progress(wanted.length, given.flag('quiet'));
  const rows: Row[] = [];
  await scoreAll(
    wanted.map((path) => ({ path, every: 0, people: false, strict: false })),
    {
      ...parts,
      args: ['--process', modelOf(given)],
      size: given.number('jobs', { least: 1, whole: true }) ?? availableParallelism(),
      onRow: (row) => {
        rows.push(row);
        progress.clear();
        progress.step();
      },
    },
  );
  progress.clear();
  return rows;
}

/** Pairs of a score and a human score, in the order of the paths: rows of processes arrive in any order. */
export function pairsOf(rows: readonly Scored[], table: ScoreTable) {
  const scored = rows.filter((row): row is Scored & { score: number } => row.score !== null);
  const sorted = scored.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const { scoreOf } = matchScores(
    sorted.map(({ path }) => path),
    table.rows,
  );
  const paired = sorted.flatMap(({ score }, k) => {
    const index = scoreOf[k];
    return index === null || index === undefined ? [] : [{ score, opinion: table.rows[index]!.mos }];
  });
  return { scores: paired.map(({ score }) => score), opinions: paired.map(({ opinion }) => opinion) };
}

const number = (value: number) => Number(value.toPrecision(3)).toString();
const interval = ([low, high]: readonly [number, number]) => `[${number(low)}, ${number(high)}]`;

function report({ map, heldOut, table, model }: Calibration, output: string): string {
  const { n, folds, rmse, rmseInterval, rawRmse, gain, gainInterval } = heldOut;
  const shown =
    gainInterval[0] > 0
      ? 'The calibrated score is nearer to your scores.'
      : 'The interval of the gain holds 0: a gain over the raw score is not shown.';
  return [
    `${n} videos of ${table}, ${model.name}: ${map.kind} map`,
    `held-out RMSE ${number(rmse)} ${interval(rmseInterval)} in ${folds} folds; raw score ${number(rawRmse)}; gain ${number(gain)} ${interval(gainInterval)}`,
    shown,
    `${output} is written: vqathinker score PATH… --calibration ${output}`,
    '',
  ].join('\n');
}

/**
 * Fits a calibration to the videos that have a score and a human score, and writes it.
 *
 * @returns the exit status: 3 where videos of the table could not be read
 * @throws UsageError, PlatformError, CodedError `calibration/*`
 */
export async function calibrate(
  args: readonly string[],
  parts: { readonly module: string; readonly signal: AbortSignal },
): Promise<number> {
  const given = new Arguments('calibrate', args);
  const [tablePath] = given.operands;
  if (tablePath === undefined) throw new UsageError('calibrate takes a table of human scores.');
  deviceOf(given);
  const table = tableAt(tablePath, given.text('column'));
  const rows = await scoredRows(given, table, tablePath, parts);
  const scored = rows.filter(isScored);
  if (scored.length === 0) throw new UsageError('No video of the table has a score.');
  const pairs = pairsOf(scored, table);
  const calibration = calibrationOf(pairs.scores, pairs.opinions, {
    app: `vqathinker ${import.meta.env.APP_VERSION ?? ''}`.trim(),
    createdAt: new Date().toISOString(),
    model: oneModel(scored),
    table: basename(tablePath),
  });
  const output = given.text('output') ?? DEFAULT_OUTPUT;
  writeFileSync(output, `${JSON.stringify(calibration, null, 1)}\n`);
  process.stdout.write(report(calibration, output));
  const unread = rows.length - scored.length;
  if (unread > 0) process.stderr.write(`${unread} videos could not be read and are left out.\n`);
  return unread > 0 ? STATUS.unreadable : STATUS.passed;
}
