/** The rows: sticky header, sorting, and only those drawn that are in sight. Rows without a score stand first. */

import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { bandOf } from '../../../core/answer/grades.ts';
import { distortionLabel } from '../../../core/answer/lexicon.ts';
import type { BatchRow } from '../../../core/files/batch.ts';
import type { Logistic } from '../../../core/stats/logistic.ts';
import { errorText } from '../../../core/text/error-messages.ts';
import { signed } from '../../../core/text/format.ts';
import { BandGlyph } from '../../ui/BandGlyph.tsx';
import { IconButton, TextButton } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { Icon } from '../../ui/Icon.tsx';
import { useLang, useMessages } from '../../ui/messages/useMessages.tsx';
import { batch } from './state/session.ts';
import './BatchTable.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { fileName, offBy, type SortBy, type TableView, tableGroups, visibleRange } from './rows.ts';

/** Height of a row in pixels, as in BatchTable.css: a finger needs more. */
const ROW = matchMedia('(pointer: coarse)').matches ? 44 : 38;
/** Rows without a score that are shown before "show all". */
const FEW = 3;

export interface BatchTableProps {
  readonly rows: readonly BatchRow[];
  readonly view: TableView;
  readonly onSort: (by: SortBy) => void;
  readonly fit: Logistic | null;
  readonly hasMos: boolean;
  readonly selected: string | null;
  readonly onSelect: (path: string) => void;
  readonly onOpen: (path: string) => void;
}

type Line =
  | { readonly kind: 'row'; readonly row: BatchRow }
  | { readonly kind: 'without' | 'scored'; readonly n: number; readonly paths: readonly string[] };

export function BatchTable(props: BatchTableProps) {
  const { rows, view, onSort, fit, hasMos, selected, onSelect, onOpen } = props;
  const t = useBatchMessages();
  const box = useRef<HTMLElement>(null);
  const [viewport, setViewport] = useState({ scroll: 0, height: 600 });
  const [all, setAll] = useState(false);
  const groups = useMemo(() => tableGroups(rows, view, fit), [rows, view, fit]);
  const lines = useMemo<readonly Line[]>(() => {
    const { without, rest } = groups;
    const paths = without.map(({ path }) => path);
    return [
      ...(without.length > 0 ? [{ kind: 'without', n: without.length, paths } as const] : []),
      ...(all ? without : without.slice(0, FEW)).map((row) => ({ kind: 'row', row }) as const),
      ...(without.length > 0 && rest.length > 0
        ? [{ kind: 'scored', n: rest.filter(({ score }) => score !== null).length, paths: [] } as const]
        : []),
      ...rest.map((row) => ({ kind: 'row', row }) as const),
    ];
  }, [groups, all]);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setViewport({ scroll: element.scrollTop, height: element.clientHeight });
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);

  const shown = useMemo(() => lines.flatMap((line) => (line.kind === 'row' ? [line.row] : [])), [lines]);
  const key = (event: KeyboardEvent) => {
    const now = shown.findIndex(({ path }) => path === selected);
    const page = Math.max(1, Math.floor(viewport.height / ROW) - 1);
    const moves: Record<string, number> = {
      ArrowDown: now + 1,
      j: now + 1,
      ArrowUp: now - 1,
      k: now - 1,
      PageDown: now + page,
      PageUp: now - page,
      Home: 0,
      End: shown.length - 1,
    };
    if (event.key === 'Enter' && selected && event.target === event.currentTarget) return onOpen(selected);
    const next = moves[event.key];
    if (next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const row = shown[Math.min(shown.length - 1, Math.max(0, next))];
    if (!row) return;
    onSelect(row.path);
    const at = lines.findIndex((line) => line.kind === 'row' && line.row === row) * ROW;
    const element = box.current as HTMLElement;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + 2 * ROW > element.scrollTop + element.clientHeight)
      element.scrollTop = at + 2 * ROW - element.clientHeight;
  };

  const { from, to } = visibleRange(viewport.scroll, viewport.height, ROW, lines.length);
  const largest = useMemo(
    () => rows.reduce((most, row) => Math.max(most, Math.abs(offBy(row, fit) ?? 0)), 0),
    [rows, fit],
  );
  const columns: readonly (readonly [SortBy | 'named', string])[] = [
    ['file', t.columns.file],
    ['score', t.columns.score],
    ...(hasMos
      ? ([
          ['mos', t.columns.mos],
          ['off', t.columns.off],
        ] as const)
      : []),
    ['named', t.columns.named],
    ['time', t.columns.time],
  ];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: rows are moved through by key while the table has the focus
    <section ref={box} className="batch-table" tabIndex={0} aria-label={t.table} onKeyDown={key}>
      <table className={hasMos ? 'batch-table--mos' : ''} aria-rowcount={lines.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(([by, label]) => (
              <th
                key={by}
                scope="col"
                className={`batch-table__${by}`}
                aria-sort={by === view.sort.by ? (view.sort.down ? 'descending' : 'ascending') : undefined}
              >
                {by === 'named' ? (
                  label
                ) : (
                  <button
                    type="button"
                    onClick={() => onSort(by)}
                    title={by === 'off' ? t.sortedOff : undefined}
                  >
                    {label}
                    <span aria-hidden="true">
                      {by === view.sort.by ? (view.sort.down ? ' ↓' : ' ↑') : ''}
                    </span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {from > 0 && <Gap rows={from} columns={columns.length} />}
          {lines.slice(from, to).map((line, i) =>
            line.kind === 'row' ? (
              <Row
                key={line.row.path}
                index={from + i + 2}
                row={line.row}
                hasMos={hasMos}
                off={offBy(line.row, fit)}
                largest={largest}
                selected={line.row.path === selected}
                onSelect={() => onSelect(line.row.path)}
                onOpen={() => onOpen(line.row.path)}
              />
            ) : (
              <tr key={line.kind} className="batch-table__group" aria-rowindex={from + i + 2}>
                <td colSpan={columns.length}>
                  <strong>{line.kind === 'without' ? t.unscored(line.n) : t.scored(line.n)}</strong>
                  {line.kind === 'without' && (
                    <>
                      {' '}
                      {t.unscoredNote} ·{' '}
                      {line.n > FEW && (
                        <>
                          <TextButton onClick={() => setAll(!all)}>
                            {all ? t.check.hide : t.check.show}
                          </TextButton>
                          {' · '}
                        </>
                      )}
                      <TextButton onClick={() => void batch.retry(line.paths).then(() => void batch.start())}>
                        {t.retryAll}
                      </TextButton>
                    </>
                  )}
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

/** Room for rows that are not drawn. */
function Gap({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  return (
    <tr className="batch-table__gap" style={cssVariables({ '--rows': rows })}>
      <td colSpan={columns} />
    </tr>
  );
}

/** Tables hold means with fifteen digits; the full one is in the hint and in every export. */
const MOS_DECIMALS = 2;

function mosText({ written, mos }: BatchRow): string {
  if (mos === undefined) return '';
  const text = written ?? String(mos);
  return (text.split('.')[1]?.length ?? 0) > MOS_DECIMALS ? mos.toFixed(MOS_DECIMALS) : text;
}

interface RowProps {
  readonly index: number;
  readonly row: BatchRow;
  readonly hasMos: boolean;
  readonly off: number | null;
  readonly largest: number;
  readonly selected: boolean;
  readonly onSelect: () => void;
  readonly onOpen: () => void;
}

function Row({ index, row, hasMos, off, largest, selected, onSelect, onOpen }: RowProps) {
  const t = useBatchMessages();
  const messages = useMessages();
  const lang = useLang();
  const grade = row.score === null ? null : bandOf(row.score).grade;
  const why =
    row.error !== undefined
      ? (errorText(lang, row.error.code, row.error.params)?.title ?? row.error.code)
      : row.state === 'no-score'
        ? t.notReadable
        : '';
  return (
    <tr
      aria-rowindex={index}
      aria-current={selected || undefined}
      className={selected ? 'batch-table__selected' : ''}
      onClick={onSelect}
      onDoubleClick={onOpen}
    >
      <td>
        <div className="batch-table__file">
          <span className="batch-table__thumbnail">
            {row.state !== 'waiting' && <Thumbnail path={row.path} />}
          </span>
          <span className="batch-table__name" title={row.path}>
            {fileName(row.path)}
          </span>
        </div>
      </td>
      <td>
        <div className="batch-table__score">
          {grade === null ? (
            <span className="batch-table__state">
              {(row.state === 'no-score' || row.state === 'failed') && <Icon name="alert" size={13} />}
              {t.states[row.state]}
            </span>
          ) : (
            <>
              <strong>{(row.score as number).toFixed(2)}</strong>
              <BandGlyph band={grade} size={12} />
              <span className="batch-table__grade">{messages.grades.names[grade - 1]}</span>
            </>
          )}
        </div>
      </td>
      {hasMos && (
        <td className="batch-table__mos" title={row.written}>
          {mosText(row)}
        </td>
      )}
      {hasMos && (
        <td className="batch-table__off">
          {off !== null && (
            <>
              <span>{signed(off, 1)}</span>
              <span
                className="batch-table__bar"
                style={cssVariables({
                  '--from': Math.min(0, off / (largest || 1)),
                  '--length': Math.abs(off) / (largest || 1),
                })}
                aria-hidden="true"
              />
            </>
          )}
        </td>
      )}
      <td className="batch-table__named">
        {row.state === 'done'
          ? row.named.map((id) => distortionLabel(id, lang)).join(', ') || t.nothingNamed
          : why}
      </td>
      <td className="batch-table__time">
        {row.state === 'waiting' ? (
          <IconButton
            icon="close"
            label={`${t.skip}: ${fileName(row.path)}`}
            onClick={() => void batch.skip([row.path])}
          />
        ) : row.seconds !== undefined ? (
          t.seconds(row.seconds)
        ) : null}
      </td>
    </tr>
  );
}

function Thumbnail({ path }: { readonly path: string }) {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    let made: string | null = null;
    let gone = false;
    void batch.thumbnail(path).then((blob) => {
      if (gone || !blob) return;
      made = URL.createObjectURL(blob);
      setAddress(made);
    });
    return () => {
      gone = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [path]);
  return address && <img src={address} alt="" width="52" height="29" />;
}
