/** Check of videos and score tables: matched scores, the column that is taken for the MOS, and what could not be read. */
import { useState } from 'react';
import type { NumberColumn } from '../../../core/files/score-columns.ts';
import { tableFaultText } from '../../../core/text/table-fault-messages.ts';
import { TextButton } from '../../ui/Button.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { useLang } from '../../ui/messages/useMessages.tsx';
import './BatchCheck.css';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { batch } from './state/session.ts';
import type { BatchCheck as Check, TableCheck } from './state/store.ts';

/** Paths that are listed; more are counted. */
const MOST_PATHS = 500;
const MOST_CONTRADICTIONS = 3;

export function BatchCheck({ check, videos }: { readonly check: Check; readonly videos: number }) {
  const t = useBatchMessages();
  const [open, setOpen] = useState(false);
  const { tables, withoutVideo, ambiguous, contradictions, withoutScore } = check;
  const list = [...withoutVideo, ...ambiguous];
  const scores = tables.reduce((sum, table) => sum + table.scores, 0);
  return (
    <div className="batch-check">
      <p className="batch-check__line">
        <span>
          {videos === 0
            ? t.check.noVideos(scores)
            : t.check.line(videos, videos - withoutScore, withoutVideo.length)}
          {ambiguous.length > 0 && ` ${t.check.ambiguous(ambiguous.length)}`}
          {list.length > 0 && videos > 0 && (
            <>
              {' '}
              <TextButton aria-expanded={open} onClick={() => setOpen(!open)}>
                {open ? t.check.hide : t.check.show}
              </TextButton>
            </>
          )}
        </span>
        {tables.map((table) => (
          <MosOf key={table.name} table={table} alone={tables.length === 1} />
        ))}
      </p>
      {tables.map((table) => !table.sure && <Remark key={table.name}>{t.check.unsure(table.name)}</Remark>)}
      {contradictions.length > 0 && (
        <Remark>
          {t.check.contradictions(
            contradictions.length,
            contradictions
              .slice(0, MOST_CONTRADICTIONS)
              .map(({ path, scores: written }) => `${path} (${written.join(', ')})`),
          )}
        </Remark>
      )}
      <Faults faults={check.faults} />
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by key
        <ul className="batch-check__paths" tabIndex={0}>
          {list.slice(0, MOST_PATHS).map((path) => (
            <li key={path}>{path}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The column that is the MOS, with its range; a choice where the table has several columns of numbers. */
function MosOf({ table, alone }: { readonly table: TableCheck; readonly alone: boolean }) {
  const { check: t } = useBatchMessages();
  const { name, columns, mos, range } = table;
  const label = alone ? t.mos : t.mosOf(name);
  const column = columns.find(({ index }) => index === mos);
  const text = ({ index, name: title, low, high }: NumberColumn) =>
    t.column(title ?? '', index + 1, rounded(low), rounded(high));
  if (columns.length > 1 || (columns.length === 1 && mos === null))
    return (
      <label className="batch-check__mos">
        {label}
        <select
          className="ui-field"
          value={mos ?? ''}
          onChange={(event) => void batch.chooseColumn(name, Number(event.target.value))}
        >
          {mos === null && <option value="">{t.choose}</option>}
          {columns.map((one) => (
            <option key={one.index} value={one.index}>
              {text(one)}
            </option>
          ))}
        </select>
      </label>
    );
  if (range === null) return null;
  return (
    <span className="batch-check__mos">
      {label} {column ? text(column) : t.range(rounded(range[0]), rounded(range[1]))}
    </span>
  );
}

const rounded = (value: number) => String(Number(value.toFixed(3)));

function Faults({ faults }: { readonly faults: Check['faults'] }) {
  const { check: t } = useBatchMessages();
  const lang = useLang();
  const lines = faults.filter(({ line }) => line > 0);
  const [first] = lines;
  return (
    <>
      {faults
        .filter(({ line }) => line === 0)
        .map(({ table, fault }) => (
          <Remark key={table}>{t.table(table, tableFaultText(lang, fault))}</Remark>
        ))}
      {first && (
        <Remark>{t.faults(lines.length, first.table, first.line, tableFaultText(lang, first.fault))}</Remark>
      )}
    </>
  );
}

function Remark({ children }: { readonly children: string }) {
  return (
    <p className="batch-check__remark">
      <Icon name="alert" size={14} />
      <span>{children}</span>
    </p>
  );
}
