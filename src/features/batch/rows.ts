/** Rows of the batch table: filter, order, groups and distance from the fitted curve. */

import { bandOf, type Grade } from '../../../core/answer/grades.ts';
import type { BatchRow } from '../../../core/files/batch.ts';
import { type Logistic, logisticAt } from '../../../core/stats/logistic.ts';

export type Filter = 'all' | Grade | 'none' | 'failed' | 'skipped' | 'waiting';
export type SortBy = 'file' | 'score' | 'mos' | 'off' | 'time';

export interface TableView {
  readonly filter: Filter;
  /** Part of the file names that are shown. */
  readonly find: string;
  readonly sort: { readonly by: SortBy; readonly down: boolean };
}

export const fileName = (path: string): string => path.split('/').at(-1) ?? path;

/** Signed distance from the fitted curve in MOS points, positive where the model scores higher than people. */
export function offBy(row: BatchRow, fit: Logistic | null): number | null {
  if (fit === null || row.score === null || row.mos === undefined) return null;
  return logisticAt(fit, row.score) - row.mos;
}

export function matches(row: BatchRow, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'none':
      return row.state === 'no-score';
    case 'failed':
    case 'skipped':
      return row.state === filter;
    case 'waiting':
      return row.state === 'waiting' || row.state === 'running';
    default:
      return row.score !== null && bandOf(row.score).grade === filter;
  }
}

export function filterCounts(rows: readonly BatchRow[]): ReadonlyMap<Filter, number> {
  const filters: readonly Filter[] = ['all', 5, 4, 3, 2, 1, 'none', 'failed', 'skipped', 'waiting'];
  return new Map(filters.map((filter) => [filter, rows.filter((row) => matches(row, filter)).length]));
}

/** True for a row that is neither waiting nor running. */
export const hasEnded = ({ state }: BatchRow): boolean => state !== 'waiting' && state !== 'running';

const hasNoScore = ({ state }: BatchRow) => state === 'no-score' || state === 'failed' || state === 'skipped';

export interface TableGroups {
  /** Rows that ended without a score, in the order of their files; none before all have ended, so that no row moves. */
  readonly without: readonly BatchRow[];
  readonly rest: readonly BatchRow[];
}

export function tableGroups(rows: readonly BatchRow[], view: TableView, fit: Logistic | null): TableGroups {
  const wanted = view.find.trim().toLowerCase();
  const shown = rows.filter(
    (row) => matches(row, view.filter) && (wanted === '' || row.path.toLowerCase().includes(wanted)),
  );
  const { by, down } = view.sort;
  const value = (row: BatchRow): number | string | null => {
    if (by === 'file') return row.path;
    if (by === 'off') {
      const off = offBy(row, fit);
      return off === null ? null : Math.abs(off);
    }
    return (by === 'score' ? row.score : by === 'mos' ? row.mos : row.seconds) ?? null;
  };
  const isGrouped = rows.every(hasEnded);
  const rest = isGrouped ? shown.filter((row) => !hasNoScore(row)) : shown;
  const keyed = rest.map((row, at) => ({ row, at, key: value(row) }));
  keyed.sort((a, b) => {
    // Rows without a value stay at the end in both directions.
    if (a.key === null || b.key === null) return a.key === b.key ? a.at - b.at : a.key === null ? 1 : -1;
    const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    return order === 0 ? a.at - b.at : down ? -order : order;
  });
  return { without: isGrouped ? shown.filter(hasNoScore) : [], rest: keyed.map(({ row }) => row) };
}

/** Rows without a score that are shown before "show all". */
export const FEW_WITHOUT_SCORE = 3;

/** Line of the table: a row, or the title of a group of rows. */
export type TableLine =
  | { readonly kind: 'row'; readonly row: BatchRow }
  | { readonly kind: 'without' | 'scored'; readonly n: number; readonly paths: readonly string[] };

/** @param all shows all rows without a score */
export function tableLines({ without, rest }: TableGroups, all: boolean): readonly TableLine[] {
  const row = (row: BatchRow): TableLine => ({ kind: 'row', row });
  if (without.length === 0) return rest.map(row);
  const shown = all ? without : without.slice(0, FEW_WITHOUT_SCORE);
  const scored = rest.filter(({ score }) => score !== null).length;
  return [
    { kind: 'without', n: without.length, paths: without.map(({ path }) => path) },
    ...shown.map(row),
    ...(rest.length > 0 ? [{ kind: 'scored', n: scored, paths: [] } as const] : []),
    ...rest.map(row),
  ];
}

/** Range of the rows to draw, with some beyond the viewport against gaps in a quick scroll. */
export function visibleRange(
  scroll: number,
  height: number,
  rowHeight: number,
  n: number,
): { readonly from: number; readonly to: number } {
  const beyond = 8;
  return {
    from: Math.max(0, Math.floor(scroll / rowHeight) - beyond),
    to: Math.min(n, Math.ceil((scroll + height) / rowHeight) + beyond),
  };
}
