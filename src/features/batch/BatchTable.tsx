/** Table of a batch: sticky header, sorting, and only the rows in the viewport. Rows without a score come first. */
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { BatchRow } from '../../../core/files/batch.ts';
import type { CalibrationMap } from '../../../core/files/calibration.ts';
import { calibratedScore } from '../../../core/stats/calibration.ts';
import type { Logistic } from '../../../core/stats/logistic.ts';
import { TextButton } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { BatchTableRow } from './BatchTableRow.tsx';
import { batch } from './state/session.ts';
import './BatchTable.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import {
  FEW_WITHOUT_SCORE,
  offBy,
  type SortBy,
  type TableLine,
  type TableView,
  tableGroups,
  tableLines,
  visibleRange,
} from './rows.ts';

/** Height of a row in pixels, as in BatchTable.css. */
const ROW = matchMedia('(pointer: coarse)').matches ? 44 : 38;

export interface BatchTableProps {
  readonly rows: readonly BatchRow[];
  readonly view: TableView;
  readonly onSort: (by: SortBy) => void;
  readonly fit: Logistic | null;
  /** Null: scores of the model alone. */
  readonly calibration: CalibrationMap | null;
  readonly hasMos: boolean;
  readonly selected: string | null;
  readonly onSelect: (path: string) => void;
  readonly onOpen: (path: string) => void;
}

interface Viewport {
  readonly scroll: number;
  readonly height: number;
}

export function BatchTable(props: BatchTableProps) {
  const { rows, view, onSort, fit, calibration, hasMos, selected, onSelect, onOpen } = props;
  const t = useBatchMessages();
  const box = useRef<HTMLElement>(null);
  const viewport = useViewport(box);
  const [all, setAll] = useState(false);
  const groups = useMemo(() => tableGroups(rows, view, fit), [rows, view, fit]);
  const lines = useMemo(() => tableLines(groups, all), [groups, all]);
  const onKeyDown = useRowKeys(box, lines, viewport, props);
  const { from, to } = visibleRange(viewport.scroll, viewport.height, ROW, lines.length);
  const largest = useMemo(
    () => rows.reduce((most, row) => Math.max(most, Math.abs(offBy(row, fit) ?? 0)), 0),
    [rows, fit],
  );
  const columns = hasMos ? COLUMNS : COLUMNS.filter((by) => by !== 'mos' && by !== 'off');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: rows are moved through by key while the table has the focus
    <section ref={box} className="batch-table" tabIndex={0} aria-label={t.table} onKeyDown={onKeyDown}>
      <table className={hasMos ? 'batch-table--mos' : ''} aria-rowcount={lines.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((by) => (
              <HeadCell key={by} by={by} sort={view.sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {from > 0 && <Gap rows={from} columns={columns.length} />}
          {lines.slice(from, to).map((line, i) =>
            line.kind === 'row' ? (
              <BatchTableRow
                key={line.row.path}
                index={from + i + 2}
                row={line.row}
                hasMos={hasMos}
                calibrated={
                  calibration && line.row.score !== null ? calibratedScore(calibration, line.row.score) : null
                }
                off={offBy(line.row, fit)}
                largest={largest}
                selected={line.row.path === selected}
                onSelect={() => onSelect(line.row.path)}
                onOpen={() => onOpen(line.row.path)}
              />
            ) : (
              <tr key={line.kind} className="batch-table__group" aria-rowindex={from + i + 2}>
                <td colSpan={columns.length}>
                  <GroupTitle line={line} all={all} onAll={() => setAll(!all)} />
                </td>
              </tr>
            ),
          )}
          {to < lines.length && <Gap rows={lines.length - to} columns={columns.length} />}
        </tbody>
      </table>
    </section>
  );
}

type Column = SortBy | 'named';

const COLUMNS: readonly Column[] = ['file', 'score', 'mos', 'off', 'named', 'time'];

type Direction = 'ascending' | 'descending';

const ARROWS: Readonly<Record<Direction, string>> = { ascending: ' ↑', descending: ' ↓' };

/** Header cell; a click sorts by the column, except by the named distortions. */
function HeadCell(props: {
  readonly by: Column;
  readonly sort: TableView['sort'];
  readonly onSort: (by: SortBy) => void;
}) {
  const { by, sort, onSort } = props;
  const t = useBatchMessages();
  const label = t.columns[by];
  const sorted: Direction = sort.down ? 'descending' : 'ascending';
  const direction = by === sort.by ? sorted : undefined;
  return (
    <th scope="col" className={`batch-table__${by}`} aria-sort={direction}>
      {by === 'named' ? (
        label
      ) : (
        <button type="button" onClick={() => onSort(by)} title={by === 'off' ? t.sortedOff : undefined}>
          {label}
          <span aria-hidden="true">{direction && ARROWS[direction]}</span>
        </button>
      )}
    </th>
  );
}

/** Title of the rows with or without a score. */
function GroupTitle(props: {
  readonly line: Exclude<TableLine, { kind: 'row' }>;
  readonly all: boolean;
  readonly onAll: () => void;
}) {
  const { line, all, onAll } = props;
  const t = useBatchMessages();
  if (line.kind === 'scored') return <strong>{t.scored(line.n)}</strong>;
  return (
    <>
      <strong>{t.unscored(line.n)}</strong> {t.unscoredNote} ·{' '}
      {line.n > FEW_WITHOUT_SCORE && (
        <>
          <TextButton onClick={onAll}>{all ? t.check.hide : t.check.show}</TextButton>
          {' · '}
        </>
      )}
      <TextButton onClick={() => void batch.retry(line.paths).then(() => void batch.start())}>
        {t.retryAll}
      </TextButton>
    </>
  );
}

/** Room for rows that are not drawn. */
function Gap({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  return (
    <tr className="batch-table__gap" style={cssVariables({ '--rows': rows })}>
      <td colSpan={columns} />
    </tr>
  );
}

/** Scroll position and height of the table in pixels. */
function useViewport(box: RefObject<HTMLElement | null>): Viewport {
  const [viewport, setViewport] = useState<Viewport>({ scroll: 0, height: 600 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setViewport({ scroll: element.scrollTop, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [box]);
  return viewport;
}

/** Key handler that selects rows, scrolls to them, and opens the selected one by Enter. */
function useRowKeys(
  box: RefObject<HTMLElement | null>,
  lines: readonly TableLine[],
  viewport: Viewport,
  { selected, onSelect, onOpen }: Pick<BatchTableProps, 'selected' | 'onSelect' | 'onOpen'>,
): (event: KeyboardEvent) => void {
  const rows = useMemo(() => lines.flatMap((line) => (line.kind === 'row' ? [line.row] : [])), [lines]);
  return (event) => {
    const now = rows.findIndex(({ path }) => path === selected);
    const page = Math.max(1, Math.floor(viewport.height / ROW) - 1);
    const moves: Record<string, number> = {
      ArrowDown: now + 1,
      j: now + 1,
      ArrowUp: now - 1,
      k: now - 1,
      PageDown: now + page,
      PageUp: now - page,
      Home: 0,
      End: rows.length - 1,
    };
    if (event.key === 'Enter' && selected && event.target === event.currentTarget) return onOpen(selected);
    const next = moves[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const row = rows[Math.min(rows.length - 1, Math.max(0, next))];
    if (!row) return;
    onSelect(row.path);
    const top = lines.findIndex((line) => line.kind === 'row' && line.row === row) * ROW;
    scrollTo(box.current as HTMLElement, top);
  };
}

/** Scrolls a row into view; the sticky header covers one row's height. */
function scrollTo(element: HTMLElement, top: number): void {
  const bottom = top + 2 * ROW;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (bottom > element.scrollTop + element.clientHeight)
    element.scrollTop = bottom - element.clientHeight;
}
