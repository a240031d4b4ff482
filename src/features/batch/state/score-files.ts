/** Score tables of a batch: read once, matched with the rows whenever either changes. */
import type { BatchRow } from '../../../../core/files/batch.ts';
import type { RowFault } from '../../../../core/files/human-scores.ts';
import type { NumberColumn } from '../../../../core/files/score-columns.ts';
import { faultyTable, readScoreTable, type ScoreTable } from '../../../../core/files/score-table.ts';
import { matchScores } from '../../../../core/files/video-match.ts';
import type { TableFault } from '../../../../core/text/table-fault-messages.ts';

export interface TableFile {
  readonly name: string;
  readonly text: string;
  /** Index of the column that a person chose as the MOS. */
  readonly column?: number;
  /** A file that is no text table: `text` is empty. */
  readonly fault?: TableFault;
}

export interface ReadTable {
  readonly file: TableFile;
  readonly read: ScoreTable;
}

/** One table as the page shows it. */
export interface TableCheck {
  readonly name: string;
  /** Number of scores. */
  readonly scores: number;
  /** Range of the scores; null without any. */
  readonly range: readonly [number, number] | null;
  /** Columns that can be chosen as the MOS; empty for forms without columns. */
  readonly columns: readonly NumberColumn[];
  readonly mos: number | null;
  /** False where another column could be the MOS as well. */
  readonly sure: boolean;
}

/** Different scores that fit one video; none of them is used. */
export interface Contradiction {
  readonly path: string;
  readonly scores: readonly string[];
}

/** Result of the check of videos and score tables, before anything runs. */
export interface BatchCheck {
  readonly tables: readonly TableCheck[];
  readonly withoutVideo: readonly string[];
  /** Scores that fit several videos. */
  readonly ambiguous: readonly string[];
  readonly contradictions: readonly Contradiction[];
  readonly withoutScore: number;
  readonly faults: readonly (RowFault & { readonly table: string })[];
  /** Paths of the rows whose score is one of the tables'. */
  readonly scored: ReadonlySet<string>;
}

/** Tables with new files read; a file of the same name replaces the earlier one. */
export function readTables(tables: readonly ReadTable[], files: readonly TableFile[]): readonly ReadTable[] {
  const byName = new Map(tables.map((table) => [table.file.name, table]));
  for (const file of files) {
    const { name, text, column, fault } = file;
    byName.set(name, { file, read: fault ? faultyTable(fault) : readScoreTable(text, column) });
  }
  return [...byName.values()];
}

/** The row without a human score. */
function unscored({ mos: _, written: __, dataset: ___, ...row }: BatchRow): BatchRow {
  return row;
}

/**
 * Rows with the human scores of the tables, and the check of both; null without any table.
 *
 * @param before check of these rows: scores that it gave are taken back first, so that none of another column stays
 */
export function withScores(
  rows: readonly BatchRow[],
  tables: readonly ReadTable[],
  before: BatchCheck | null,
): { readonly rows: readonly BatchRow[]; readonly check: BatchCheck | null } {
  if (tables.length === 0) return { rows, check: null };
  const rated = tables.flatMap(({ read }) => read.rows);
  const matched = matchScores(
    rows.map(({ path }) => path),
    rated,
  );
  const scored = new Set<string>();
  const all = rows.map((row, i) => {
    const bare = before?.scored.has(row.path) ? unscored(row) : row;
    const at = matched.scoreOf[i];
    if (at == null) return bare;
    scored.add(row.path);
    const { mos, written, dataset } = rated[at]!;
    return { ...bare, mos, written, ...(dataset === undefined ? {} : { dataset }) };
  });
  const check: BatchCheck = {
    tables: tables.map(checkOf),
    withoutVideo: matched.withoutVideo.map((j) => rated[j]!.path),
    ambiguous: matched.ambiguous.map((j) => rated[j]!.path),
    contradictions: matched.contradictions.map((scores) => ({
      path: rated[scores[0]!]!.path,
      scores: [...new Set(scores.map((j) => rated[j]!.written))],
    })),
    withoutScore: all.filter(({ mos }) => mos === undefined).length,
    faults: tables.flatMap(({ file, read }) => read.faults.map((fault) => ({ ...fault, table: file.name }))),
    scored,
  };
  return { rows: all, check };
}

function checkOf({ file, read }: ReadTable): TableCheck {
  const scores = read.rows.map(({ mos }) => mos);
  const least = scores.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const { columns, mos, sure } = read;
  return {
    name: file.name,
    scores: scores.length,
    range: scores.length > 0 ? [least, greatest] : null,
    columns,
    mos,
    sure,
  };
}
