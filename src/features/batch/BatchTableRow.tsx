/** Row of the batch table: thumbnail, score, MOS, distance from the fitted curve, named distortions, time. */
import { useEffect, useState } from 'react';
import { bandOf } from '../../../core/answer/grades.ts';
import { distortionLabel } from '../../../core/answer/lexicon.ts';
import type { BatchRow } from '../../../core/files/batch.ts';
import { errorText } from '../../../core/text/error-messages.ts';
import { signed } from '../../../core/text/format.ts';
import { BandGlyph } from '../../ui/BandGlyph.tsx';
import { IconButton } from '../../ui/Button.tsx';
import { cssVariables } from '../../ui/css-variables.ts';
import { Icon } from '../../ui/Icon.tsx';
import { useLang, useMessages } from '../../ui/messages/useMessages.tsx';
import { useBatchMessages } from './messages/useBatchMessages.ts';
import { fileName } from './rows.ts';
import { batch } from './state/session.ts';

/** Decimals of a MOS in the table; the hint and the exports have all. */
const MOS_DECIMALS = 2;

function mosText({ written, mos }: BatchRow): string {
  if (mos === undefined) return '';
  const text = written ?? String(mos);
  return (text.split('.')[1]?.length ?? 0) > MOS_DECIMALS ? mos.toFixed(MOS_DECIMALS) : text;
}

export interface BatchTableRowProps {
  readonly index: number;
  readonly row: BatchRow;
  readonly hasMos: boolean;
  /** Score on the scale of the human scores, while that is shown. */
  readonly calibrated: number | null;
  /** Signed distance from the fitted curve in MOS points. */
  readonly off: number | null;
  /** Largest distance of the table, the scale of the bars. */
  readonly largest: number;
  readonly selected: boolean;
  readonly onSelect: () => void;
  readonly onOpen: () => void;
}

export function BatchTableRow(props: BatchTableRowProps) {
  const { index, row, hasMos, calibrated, off, largest, selected, onSelect, onOpen } = props;
  const t = useBatchMessages();
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
            {row.state !== 'waiting' && <Thumbnail path={row.path} state={row.state} />}
          </span>
          <span className="batch-table__name" title={row.path}>
            {fileName(row.path)}
          </span>
        </div>
      </td>
      <td>
        <Score row={row} calibrated={calibrated} />
      </td>
      {hasMos && (
        <td className="batch-table__mos" title={row.written}>
          {mosText(row)}
        </td>
      )}
      {hasMos && (
        <td className="batch-table__off">{off !== null && <OffBy off={off} largest={largest} />}</td>
      )}
      <td className="batch-table__named">
        <span className="batch-table__reason">
          <Named row={row} />
        </span>
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

/** Three digits: the scale may be 1 to 5 or percent. */
const calibratedText = (value: number) => Number(value.toPrecision(3)).toString();

/** Score with its grade, or the state of a row without one. */
function Score({ row, calibrated }: Pick<BatchTableRowProps, 'row' | 'calibrated'>) {
  const t = useBatchMessages();
  const messages = useMessages();
  if (row.score === null)
    return (
      <div className="batch-table__score">
        <span className="batch-table__state">
          {(row.state === 'no-score' || row.state === 'failed') && <Icon name="alert" size={13} />}
          {t.states[row.state]}
        </span>
      </div>
    );
  const { grade } = bandOf(row.score);
  return (
    <div className="batch-table__score">
      <strong>{row.score.toFixed(2)}</strong>
      <BandGlyph band={grade} size={12} />
      {calibrated === null ? (
        <span className="batch-table__grade">{messages.grades.names[grade - 1]}</span>
      ) : (
        <span title={t.calibration.value(String(calibrated))}>→ {calibratedText(calibrated)}</span>
      )}
    </div>
  );
}

/** Distance from the fitted curve as a number and a bar. */
function OffBy({ off, largest }: { readonly off: number; readonly largest: number }) {
  return (
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
  );
}

/** Distortions that the answer names, or the reason of a missing score. */
function Named({ row }: { readonly row: BatchRow }): string {
  const t = useBatchMessages();
  const lang = useLang();
  if (row.state === 'done')
    return row.named.map((id) => distortionLabel(id, lang)).join(', ') || t.nothingNamed;
  if (row.error !== undefined)
    return errorText(lang, row.error.code, row.error.params)?.title ?? row.error.code;
  return row.state === 'no-score' ? t.notReadable : '';
}

/** Thumbnail of a row, asked for again whenever the row's state changes: it is stored with the answer. */
function Thumbnail({ path, state }: Pick<BatchRow, 'path' | 'state'>) {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (state === 'waiting' || state === 'running') return;
    let url: string | null = null;
    let unmounted = false;
    void batch.thumbnail(path).then((blob) => {
      if (unmounted || !blob) return;
      url = URL.createObjectURL(blob);
      setAddress(url);
    });
    return () => {
      unmounted = true;
      if (url) URL.revokeObjectURL(url);
    };
  }, [path, state]);
  return address && <img src={address} alt="" width="52" height="29" />;
}
